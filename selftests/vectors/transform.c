// SPDX-License-Identifier: GPL-2.0
/*
 * The transform under test, compiled once more: an object cannot be in two
 * modules.
 */
#include "../../module/algo.c"
#include "../../module/crypto.c"
#include "../../module/esp.c"
#include "../../module/esp_in.c"
#include "../../module/esp_out.c"
