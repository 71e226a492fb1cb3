#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo: two gateways with strongSwan, as Debian packages it, and nfipsec below
# it. Every claim it prints is checked; it fails where one does not hold.
#
#     10.1.0.0/16                                        10.2.0.0/16
#        [left] 192.0.2.1 ===== internet ===== 198.51.100.1 [right]
#      10.1.0.1                                             10.2.0.1
#
# It installs the plugin and writes below /etc: for a machine that is thrown away
# afterwards, with Debian's strongSwan in it, as "make demo" boots. The plugin is
# NFIPSEC_IKE_PLUGIN.
# shellcheck source=./lib-demo.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-demo.sh"

# what no packet on the wire may show: a ping's content, and the same as text
PATTERN=706c61696e74657874 SECRET=plaintext

PIDS=()
cleanup() {
	local status=$? host
	for host in left right; do
		((status == 0)) || sed "s/^/$host: /" "$TMP/$host.log" || true
	done 2>/dev/null | tail -n 60 >&2
	((${#PIDS[@]})) && kill "${PIDS[@]}" 2>/dev/null
	wait
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# type HOST LINE: what somebody would type there, and what comes of it
type() {
	printf '%s%s#%s %s\n' "$DIM" "$1" "$PLAIN" "$2"
	on "$1" bash -c "$2"
}

# see HOST FILE: its content, without comments and empty lines
see() {
	type "$1" "grep -v -e '^ *#' -e '^ *$' $2"
}

make_hosts() {
	local host
	for host in left right internet; do
		ip netns add "$host"
		NS[$host]=$host
		ip -n "$host" link set lo up
		# what ip-netns(8) puts over /etc in there
		mkdir -p "/etc/netns/$host"
	done
	ip link add eth0 netns left type veth peer left netns internet
	ip link add eth0 netns right type veth peer right netns internet
	ip -n left -batch - <<-LINES
		addr add 192.0.2.1/24 dev eth0
		addr add 10.1.0.1/16 dev lo
		link set eth0 up
		route add default via 192.0.2.254
	LINES
	ip -n right -batch - <<-LINES
		addr add 198.51.100.1/24 dev eth0
		addr add 10.2.0.1/16 dev lo
		link set eth0 up
		route add default via 198.51.100.254
	LINES
	ip -n internet -batch - <<-LINES
		addr add 192.0.2.254/24 dev left
		addr add 198.51.100.254/24 dev right
		link set left up
		link set right up
	LINES
	for host in left right internet; do
		on "$host" sysctl -qw net.ipv4.ip_forward=1
	done
}

# What a Debian host has in /etc/strongswan.conf, with a socket of its own for
# swanctl, since the two hosts share /run, and with a log. The tools would tell of
# all plugins that Debian has in other packages.
strongswan_conf() {
	cat <<-CONF
		charon {
			load_modular = yes
			plugins {
				include /etc/strongswan.d/charon/*.conf
				vici {
					socket = unix://$TMP/$1.vici
				}
			}
			filelog {
				log {
					path = $TMP/$1.log
					flush_line = yes
				}
			}
		}
		swanctl {
			socket = unix://$TMP/$1.vici
			load = pem pkcs1 pkcs8 x509 pubkey openssl random
		}
		pki {
			load = pem pkcs1 pkcs8 x509 pubkey openssl random
		}
	CONF
}

# swanctl_conf NAME ADDRESS NET PEER ADDRESS NET
swanctl_conf() {
	cat <<-CONF
		connections {
		    to-$4 {
		        local_addrs = $2
		        remote_addrs = $5
		        local {
		            certs = $1.pem
		            id = $1
		        }
		        remote {
		            id = $4
		        }
		        children {
		            net {
		                local_ts = $3
		                remote_ts = $6
		                esp_proposals = aes256gcm16-x25519
		            }
		        }
		    }
		}
	CONF
}

configure() {
	local host dir
	for host in left right; do
		dir=/etc/netns/$host
		cp -a /etc/swanctl "$dir/"
		strongswan_conf "$host" >"$dir/strongswan.conf"
	done
	swanctl_conf left 192.0.2.1 10.1.0.0/16 right 198.51.100.1 10.2.0.0/16 \
		>/etc/netns/left/swanctl/swanctl.conf
	swanctl_conf right 198.51.100.1 10.2.0.0/16 left 192.0.2.1 10.1.0.0/16 \
		>/etc/netns/right/swanctl/swanctl.conf
}

# A private key and a certificate for each host, and who signs them; as files the
# two hosts would bring one another. Keys are readable by root alone.
certificates() {
	local host
	umask 077
	type left "pki --gen --type ed25519 --outform pem >ca.key"
	type left "pki --self --ca --type priv --in ca.key --dn 'CN=CA of the demo' \\
	--outform pem >ca.pem"
	for host in left right; do
		type "$host" "cp ca.pem /etc/swanctl/x509ca/"
		type "$host" "pki --gen --type ed25519 --outform pem >/etc/swanctl/private/$host.pem"
		type "$host" "pki --issue --cacert ca.pem --cakey ca.key --type priv \\
	--in /etc/swanctl/private/$host.pem --dn CN=$host --san $host \\
	--outform pem >/etc/swanctl/x509/$host.pem"
	done
	rm ca.key
	type right "pki --verify --in /etc/swanctl/x509/right.pem --cacert ca.pem" >said
	claim "each has a key of its own, and a certificate of the CA" \
		says 'certificate trusted'
}

start_daemons() {
	local host
	for host in left right; do
		# not by "on": the process to end later is the daemon itself
		ip netns exec "$host" charon-systemd >"$TMP/$host.out" 2>&1 &
		PIDS+=($!)
	done
	for host in left right; do
		until_true 60 test -S "$TMP/$host.vici" || bad "no daemon on $host"
	done
}

start_capture() {
	ip netns exec internet tcpdump -n -U --immediate-mode -Z root -i left \
		-w wire.pcap 2>tcpdump.err >/dev/null &
	CAPTURE=$!
	PIDS+=("$CAPTURE")
	until_true 20 grep -q 'listening on' tcpdump.err ||
		bad "tcpdump does not start: $(cat tcpdump.err)"
}

# what the internet saw
wire() { tcpdump -n -t -r wire.pcap "$@" 2>/dev/null; }
wire_has() { (($(wire "${@:2}" | wc -l) >= $1)); }
# ARP and the like, and the groups that strongSwan's plugin forecast joins, are told to
# the link alone
nothing_else() {
	local rest='not esp and not arp and not icmp6 and not igmp and not udp port 500'
	# reports to routers of groups have a hop-by-hop header in front
	rest+=' and not (ip6[6] = 0 and ip6[40] = 58)'
	# a filter with an error in it shows nothing either
	rest=$(wire "$rest and not udp port 4500") && [[ ! $rest ]]
}
not_in_wire() { ! grep -qaF "$1" wire.pcap; }

stop_capture() {
	kill "$CAPTURE"
	wait "$CAPTURE" 2>/dev/null || true
}

sas() { on "$1" nfipsec sa list | grep -c ' spi ' || true; }
sas_are() { [[ $(sas "$1") == "$2" ]]; }
spis() { on "$1" nfipsec sa list | grep -o 'spi 0x[0-9a-f]*' | sort; }
# Not counted as lost: what the sender was told of to send in smaller pieces, once.
no_drops() {
	local said
	said=$(on "$1" nfipsec stats) && grep -q '^out_ok ' <<<"$said" || return 1
	! grep -E '^(in|out)_' <<<"$said" | grep -v ' 0$' |
		grep -qvE '^[a-z_]*_ok |^out_too_big '
}
says() { grep -qE "$1" said; }

need ip tcpdump ping iperf3 nfipsec pki swanctl charon-systemd
[[ ${NFIPSEC_KERNEL:-} ]] || bad "this is for a virtual machine, see make demo"
[[ ${NFIPSEC_IKE_PLUGIN:-} ]] || bad "no plugin, see NFIPSEC_IKE_PLUGIN"

title "Linux $(uname -r), $(swanctl --version 2>&1 | grep -oE "strongSwan [0-9.]+" | head -n 1), nfipsec below"
sed -n '7,9s/^#    //p' "$DIR/demo-ike.sh"
note "Two gateways in network namespaces, the internet between them. strongSwan is as"
note "Debian has it, with one plugin more, and a line that loads it before others:"
cd "$TMP"
load_module
install -m 644 "$NFIPSEC_IKE_PLUGIN" /usr/lib/ipsec/plugins/
install -m 644 "$DIR/../tools/strongswan/kernel-nfipsec.conf" /etc/strongswan.d/charon/
make_hosts
see left /etc/strongswan.d/charon/kernel-nfipsec.conf

title "Certificates"
configure
certificates

title "A connection, as for any strongSwan"
see left /etc/swanctl/swanctl.conf
start_daemons
type left "swanctl --load-all" | tee said
claim "left has its certificate, its key and the connection" \
	says "loaded connection 'to-right'"
on right swanctl --load-all >said
claim "right has, too" says "loaded connection 'to-left'"

title "Keys are negotiated by IKEv2"
start_capture
type left "swanctl --initiate --child net" | tee said
claim "each is who its certificate says" \
	says "authentication of 'right' with ED25519 successful"
claim "the SAs are there" says "initiate completed successfully"
type left "swanctl --list-sas" | tee said
claim "a tunnel for the networks behind them" says 'remote 10\.2\.0\.0/16'

title "The same, in nfipsec"
type left "nfipsec sa list"
type left "nfipsec policy list | grep -B 1 -A 3 'action protect'"
claim "nfipsec has an SA for each direction" sas_are left 2
type left "ip xfrm state"
claim "XFRM, the kernel's own IPsec, has none" test -z "$(on left ip xfrm state)"

title "From network to network"
type left "ping -n -c 3 -i 0.2 -p $PATTERN 10.2.0.1" | tee said
claim "all of it was answered" says ' 3 received'
on right iperf3 -s -1 -D
until_true 20 eval 'on right ss -Hltn sport = 5201 | grep -q .' || bad "no iperf3"
type left "iperf3 -c 10.2.0.1 -t 2 -f m" | tee said
claim "TCP got through" says 'receiver'

title "New keys, while packets are on their way"
before=$(spis left)
on left ping -n -q -i 0.02 -c 150 -p $PATTERN 10.2.0.1 >pings 2>&1 &
pinging=$!
type left "swanctl --rekey --child net" | tee said
claim "rekeyed" says 'rekey completed successfully'
wait "$pinging" || bad "ping fails: $(cat pings)"
tail -n 3 pings
claim "of 150 pings meanwhile, not one was lost" grep -q ' 150 received' pings
until_true 20 sas_are left 2 || true
type left "nfipsec sa list | grep -A 1 ^src"
claim "none of the SAs is an old one" \
	test -z "$(comm -12 <(echo "$before") <(spis left))"

title "What the internet saw"
stop_capture
note "internet# tcpdump -n -r wire.pcap"
wire | awk '/isakmp|4500/ && ike++ < 6; /ESP/ && esp++ < 6'
claim "IKE and ESP" eval 'wire_has 4 udp && wire_has 300 esp'
claim "and nothing else" nothing_else
claim "what was in the pings is in none of it" not_in_wire "$SECRET"

title "What became of the packets"
show_counters left
show_counters right
claim "nothing was dropped but what was too big for the path, of which TCP was told" \
	eval 'no_drops left && no_drops right'

title "In the clear"
note "internet sends what looks as if it came from the network of left:"
ip -n internet addr add 10.1.0.66/32 dev lo
ip -n internet route add 10.2.0.0/16 via 198.51.100.1
type internet "ping -n -c 3 -i 0.2 -W 1 -I 10.1.0.66 10.2.0.1" | tee said || true
claim "nothing was answered" says ' 0 received'
claim "right has counted it as in_clear" test "$(counter right in_clear)" = 3

title "The end"
type left "swanctl --terminate --ike to-right" | tee said
claim "it is over" says 'terminate completed successfully'
claim "no SA is left" sas_are left 0
title "Done"
