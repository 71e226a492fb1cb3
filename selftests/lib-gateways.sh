# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Two gateways that protect what two hosts behind them say to each other. Sourced,
# behind lib.sh.
#
#     h1 ---------------- gwa ================ gwb ---------------- h2
#  192.168.1.2   192.168.1.1 10.0.0.1   10.0.0.2 192.168.2.1   192.168.2.2
#  fd00:1::2       fd00:1::1 fd00::1     fd00::2 fd00:2::1       fd00:2::2

# by family: of a and b
declare -A NETS=([4]="192.168.1.0/24 192.168.2.0/24" [6]="fd00:1::/64 fd00:2::/64")
declare -A ENDS=([4]="192.168.1.2 192.168.2.2" [6]="fd00:1::2 fd00:2::2")
declare -A WANS=([4]="10.0.0.1 10.0.0.2" [6]="fd00::1 fd00::2")

topology() {
	local h
	hosts h1 gwa gwb h2
	wire h1 eth0 gwa lan
	wire gwa wan gwb wan
	wire gwb lan h2 eth0
	for h in gwa gwb; do
		on "$h" bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
			echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	done
	ip_batch h1 <<-LINES
		addr add 192.168.1.2/24 dev eth0
		addr add fd00:1::2/64 dev eth0 nodad
		route add default via 192.168.1.1
		route add default via fd00:1::1
	LINES
	ip_batch gwa <<-LINES
		addr add 192.168.1.1/24 dev lan
		addr add fd00:1::1/64 dev lan nodad
		addr add 10.0.0.1/24 dev wan
		addr add fd00::1/64 dev wan nodad
		route add 192.168.2.0/24 via 10.0.0.2
		route add fd00:2::/64 via fd00::2
	LINES
	ip_batch gwb <<-LINES
		addr add 192.168.2.1/24 dev lan
		addr add fd00:2::1/64 dev lan nodad
		addr add 10.0.0.2/24 dev wan
		addr add fd00::2/64 dev wan nodad
		route add 192.168.1.0/24 via 10.0.0.1
		route add fd00:1::/64 via fd00::1
	LINES
	ip_batch h2 <<-LINES
		addr add 192.168.2.2/24 dev eth0
		addr add fd00:2::2/64 dev eth0 nodad
		route add default via 192.168.2.1
		route add default via fd00:2::1
	LINES
}

# what was learnt of path MTUs under the last tunnel
forget_paths() {
	local h
	for h in h1 gwa gwb h2; do
		ip_batch "$h" <<-LINES
			route flush cache
		LINES
		ip -n "${NS[$h]}" -6 route flush cache
	done
}

# tunnel DRIVER_A DRIVER_B OUTER INNER ALG
tunnel() {
	local da=$1 db=$2 wan net
	read -r -a wan <<<"${WANS[$3]}"
	read -r -a net <<<"${NETS[$4]}"
	clear_all gwa "$da" && clear_all gwb "$db" || return 1
	forget_paths
	SPI=$((SPI + 2))
	protect gwa "$da" "${net[0]}" "${net[1]}" "${wan[0]}" "${wan[1]}" \
		tunnel "$5" "$SPI" $((SPI + 1)) &&
		protect gwb "$db" "${net[1]}" "${net[0]}" "${wan[1]}" "${wan[0]}" \
			tunnel "$5" $((SPI + 1)) "$SPI"
}

between_hosts() {
	local e
	read -r -a e <<<"${ENDS[$1]}"
	shift
	"$TOOLS/probe" A="${NS[h1]},${e[0]}" B="${NS[h2]},${e[1]}" \
		wire="${NS[gwa]},wan,esp" wire="${NS[gwb]},wan,esp" "$@"
}
