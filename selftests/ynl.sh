#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See ynl.py. NFIPSEC_YNL is the client, see Documentation/netlink/regen.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping
[[ ${NFIPSEC_TEST_LIST:-} || -r ${NFIPSEC_YNL:-} ]] ||
	skip_all "no generic netlink client, see NFIPSEC_YNL"
[[ ${NFIPSEC_TEST_LIST:-} ]] || python3 -c 'import yaml' ||
	skip_all "no python3-yaml"
python_tests ynl.py
