#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Can the unit tests fail? Each mutant is one deliberate mistake in a copy of
# the module's logic; the tests must notice it. A mutant that no longer applies
# is a failure too: the line it breaks was rewritten, give it its new form.
#
#	mutants.sh [FILE]	all, or only those of one source

set -u
cd "$(dirname "$0")" || exit 1
module=../../module
out=../../build/unit
files='replay.c selector.c selector_lists.c selector_addr.c selector_sets.c flow.c
       algo.c reason.c mutable.c outer.c path.c icmp.c life.c life.h demand.c demand.h
       classify.c rule.c tuple.c pack.c pack.h bucket.c cover.c classify.h tuple.h bucket.h cover.h flow_cache.c flow_cache.h wordhash.h verdict.h
       replay.h selector.h flow.h algo.h reason.h mutable.h outer.h path.h icmp.h
       proto.h kat_vectors.h'
only=${1:-}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
ln -s "$PWD/../../uapi" "$work/uapi"
trap 'exit 1' HUP INT TERM
count=0
failed=0

result() { # ok|not ok, text
	count=$((count + 1))
	echo "$1 $count $2"
	[ "$1" = ok ] || failed=$((failed + 1))
}

# A fresh copy of sources and objects, so that only the mutant is compiled.
copy() {
	rm -rf "$work/module" "$work/out"
	mkdir "$work/module"
	for f in $files; do
		cp -p "$module/$f" "$work/module/"
	done
	cp -rp "$out" "$work/out"
}

m() { # sed expression for $file, what it means
	[ "${only:-$file}" = "$file" ] || return 0
	copy
	sed -i "$1" "$work/module/$file"
	if cmp -s "$module/$file" "$work/module/$file"; then
		result 'not ok' "$file: $2 # does not apply"
		return
	fi
	noun=${file%.*}
	rm -f "$work/out/$noun.o" "$work/out/test_$noun.o"
	# Of those who include this, the classifier's.
	[ "$file" != bucket.h ] || rm -f "$work/out/tuple.o"
	# The tests are those of the first word.
	noun=${noun%%_*}
	# The tests have to notice, not the compiler's warnings.
	if ! make -s MODULE="$work/module" OUT="$work/out" \
	     CFLAGS='-O1 -g -w' >"$work/log" 2>&1; then
		sed 's/^/# /' "$work/log"
		result 'not ok' "$file: $2 # does not compile"
	elif timeout 20 "$work/out/unit" "${suite:-$noun}" >"$work/log" 2>&1; then
		result 'not ok' "$file: $2 # nobody noticed"
	else
		result ok "$file: $2"
	fi
}

make -s OUT="$out" >&2 || exit 1
"$out/unit" >/dev/null || { echo 'Bail out! tests fail without a mutant'; exit 1; }
echo 'KTAP version 1'

# The control: built the same way without a mistake, the tests pass.
copy
rm -f "$work"/out/*.o
if make -s MODULE="$work/module" OUT="$work/out" CFLAGS='-O1 -g -w' >&2 &&
   "$work/out/unit" >/dev/null; then
	result ok 'no mistake'
else
	result 'not ok' 'no mistake'
fi

file=replay.c
m 's/top - seq >= r->window/top - seq > r->window/' 'window one wider'
m 's/top - seq >= r->window/top - seq >= r->window - 1/' 'one narrower'
m 's/if (seq > top)/if (seq >= top)/' 'top accepted again'
m 's/if (!seq)/if (!(u32)seq)/' 'low half 0 refused'
m 's/if (!seq)/if (0)/' 'number 0 accepted'
m 's/(window + BITS_PER_LONG)/(window)/' 'ring without a word to spare'
m 's/ring_bits(window) \/ 8;/ring_bits(window) \/ 16;/' 'half the memory'
m 's/i < ahead;/i + 1 < ahead;/' 'last word of a jump not cleared'
m 's/u64, ahead, words)/u64, ahead, words - 1)/' 'one word left on a leap'
m '/ahead = min_t/d' 'leap clears without bound'
m 's/seq \/ BITS_PER_LONG - r->top \/ BITS_PER_LONG/(seq - r->top) \/ BITS_PER_LONG/' \
	'words counted from the top, not from its word'
m 's/(word + 1) & (words - 1)/word + 1/' 'clears past the ring'
m 's/map\[word\], 0)/map[word], ~0UL)/' 'jump marks instead of clearing'
m 's/WRITE_ONCE(r->top, seq)/(void)seq/' 'top never moves'
m 's/map\[word\] | BIT/map[word] | 0 * BIT/' 'packet not marked'
m 's/r->map\[word\] | BIT/BIT/' 'packet unmarks its neighbours'
m 's/if (reason != NFIPSEC_OK)/if (0)/' 'commit does not decide'
m 's/if (!r->window)/if (0)/' 'check without a window'
m 's/if (seq > r->top)/if (seq > r->top \&\& r->window)/' \
	'top does not move without a window'
m 's/if (seq > r->top)/if (1)/' 'late packet moves the top back'
m 's/(u32)seq & r->mask/(u32)seq \& (r->mask >> 1)/' 'half of the ring used'
m 's/r->top = top;/r->top = (u32)top;/' 'high half lost at the start'
m 's/memset(r->map, 0xff/memset(r->map, 0/' 'handed over window empty'
m 's/GENMASK(top % BITS_PER_LONG, 0)/~0UL/' 'future marked at the start'
m 's/map\[i\], ~0UL/map[i], 0/' 'what is skipped is accepted'
m 's/GENMASK(seq % BITS_PER_LONG, 0)/~0UL/' 'future marked by a skip'
m 's/if (seq < r->top)/if (0)/' 'skip moves the top back'
m 's/return NFIPSEC_IN_REPLAY_OLD/return NFIPSEC_IN_REPLAY/' 'old is seen'
m 's/if (!r->esn)/if (0)/' 'guess without ESN'
m 's/GUESS_REACH) - 1/GUESS_REACH)/' 'guess: left edge off by one'
m 's/top > behind ? top - behind : 0/top - behind/' 'guess below 0'
m 's/if (seq < bottom/if (seq <= bottom/' 'guess: left edge in the future'
m 's/ && seq <= U64_MAX - BIT_ULL(32)//' 'guess beyond the end'
m 's/seq += BIT_ULL(32)/seq += BIT_ULL(31)/' 'guess: half a subspace'
m 's/(bottom & ~(u64)U32_MAX)/(top \& ~(u64)U32_MAX)/' \
	'guess: high half of the top'
m 's/BIT_ULL(31)$/BIT_ULL(30)/' 'guess: reach without a window'

file=selector.c
m 's/x < y ? -1 : 1/x < y ? 1 : -1/' 'compare upside down'
m 's/= be32_to_cpu(a->all\[i\])/= (u32)a->all[i]/' 'byte order of one side'
m 's/be32_to_cpu(\([ab]\)->all\[i\])/(u32)\1->all[i]/' 'byte order of both'
m 's/AF_INET ? 1 : 4/AF_INET ? 1 : 3/' 'last word of IPv6 ignored'
m 's/family) <= 0 &&/family) < 0 \&\&/' 'lowest address outside'
m 's/family) <= 0;/family) < 0;/' 'highest address outside'
m 's/range->min <= port/range->min < port/' 'lowest port outside'
m 's/port <= range->max/port < range->max/' 'highest port outside'
m 's/range->min == 0 && //' 'ports 1-65535 are any'
m 's/ && range->max == U16_MAX//' 'ports 0-1 are any'
m 's/(meta->mark & sel->mask) == sel->meta.mark/meta->mark == sel->meta.mark/' \
	'mask not looked at'
m 's/!wanted || wanted == index/wanted == index/' 'any is none'
m 's/index_in(sel->meta.vrf, meta->vrf) &&/1 \&\&/' 'VRF not looked at'
m 's/index_in(sel->meta.oif, meta->oif)/index_in(sel->meta.oif, meta->iif)/' \
	'in for out'
m 's/!meta_in(sel, &flow->meta) ||//' 'interfaces and mark not looked at'
m 's/index > S32_MAX/0/' 'index that there is none'
m 's/sel->meta.mark & ~sel->mask/0/' 'mark outside its mask'
m 's/if (!flow->opaque)/if (1)/' 'ports of a fragment looked at'
m 's/nfipsec_range_is_opaque(range) && !flow->early/nfipsec_range_is_opaque(range)/' 'early fragment is opaque'
m 's/return a == NFIPSEC_MATCH_YES ? b : a;/return a;/' 'second port not looked at'
m 's/	if (proto_opaque(sel))$/	if (0)/' 'opaque protocol is a number'
m 's/sel->family == AF_INET6 && sel->proto == NFIPSEC/sel->proto == NFIPSEC/' \
	'opaque protocol with IPv4'
m 's/bool hidden = flow->opaque &&/bool hidden = 1 \&\&/' 'whole packets hide a protocol'
m 's/	if (family != AF_INET6)$/	if (0)/' 'IPv4 hides a protocol'
m 's/^\tcase IPPROTO_AH:$//' 'AH hides nothing'
m '/^\tcase IPPROTO_MH:$/{N;/EXT_HIP/s/case IPPROTO_MH://}' \
	'mobility header hides nothing'
m '/case IPPROTO_EXT_SHIM6:/d' 'shim6 header hides nothing'
m 's/proto == IPPROTO_HOPOPTS || //' 'hop-by-hop options hide nothing'
m 's/ || proto == IPPROTO_DSTOPTS//' 'destination options hide nothing'
m 's/if (!sel->proto || sel->proto == flow/if (sel->proto == flow/' 'protocol 0 is not any'
m 's/? NFIPSEC_MATCH_OPAQUE :/? NFIPSEC_MATCH_YES :/' 'hidden protocol matches'
m 's/sel->dst, &flow->daddr/sel->dst, \&flow->saddr/' 'destination not looked at'
m 's/sel->src, &flow->saddr, sel->family/sel->src, \&flow->saddr, AF_INET/' \
	'IPv6 source compared as IPv4'
m 's/if (sel->family != flow->family ||/if (/' 'family not looked at'
m 's/&sel->dport, flow, flow->dport/\&sel->dport, flow, flow->sport/' 'wrong port'
m 's/ | addr->all\[3\])/)/' 'long IPv4 address accepted'
m 's/upper_zero(&range\[0\]) && //' 'long lowest address accepted'
m 's/\(src\[1\], sel->family)\) > 0/\1 >= 0/' 'single source refused'
m 's/\(dst\[1\], sel->family)\) > 0/\1 > 1/' 'destination upside down accepted'
m 's/range_backwards(&sel->sport)/0/' 'source ports upside down accepted'
m 's/range_backwards(&sel->dport)/0/' 'destination ports upside down accepted'
m 's/range->min > range->max &&/range->min >= range->max \&\&/' 'single port refused'
m 's/nfipsec_range_is_opaque(&sel->sport) && dport_narrow/0 \&\& dport_narrow/' \
	'opaque and a port accepted'
m 's/!nfipsec_addr_cmp(&sel->src\[0\], &sel->src\[1\], sel->family) &&/1 \&\&/' \
	'a pair with two sources'
m 's/!nfipsec_addr_cmp(&sel->dst\[0\], &sel->dst\[1\], sel->family)/1/' \
	'a pair with two destinations'
m '/case IPPROTO_UDPLITE:/d' 'UDP-Lite has no ports'
m 's/case IPPROTO_DCCP:/&\n\tcase IPPROTO_GRE:/' 'GRE has ports'
m 's/if (field == NFIPSEC_FIELD_PORTS ||/if (1 ||/' 'ports with any protocol'
m 's/field == NFIPSEC_FIELD_MH && !all_codes/0 \&\& !all_codes/' 'mobility header with codes'
m 's/!(types->min & 0xff) && /1 \&\& /' 'mobility header with a lowest code'
m 's/(dport_any(sel) &&$/(1 \&\&/' 'types with a destination port'
m 's/ipv6 ? NFIPSEC_FIELD_NONE : NFIPSEC_FIELD_ICMP/NFIPSEC_FIELD_ICMP/' \
	'types of ICMP in IPv6'
m 's/ipv6 ? NFIPSEC_FIELD_MH : /1 ? NFIPSEC_FIELD_MH : /' \
	'mobility header in IPv4'
m 's/AF_INET6 && sel->proto && proto_walked/AF_INET6 \&\& 0 \&\& proto_walked/' \
	'extension header as protocol accepted'
m 's/sport_narrow(sel) || dport_narrow/sport_narrow(sel) \&\& dport_narrow/' \
	'one port range is none'
m 's/memset(sel, 0, sizeof(\*sel));//' 'any leaves garbage'
m 's/memcmp(a, b, COMPARED)/memcmp(a, b, COMPARED - 1)/' 'last byte of a selector'
m 's/	return !a->lists || !memcmp(a->lists.*/	return true;/' 'lists not compared'
m 's/(sel->lists && !addrs_listed(sel, flow))/0/' 'list of addresses not looked at'
m 's/sel->lists && !flow->opaque && /0 \&\& /' 'list of ports not looked at'
m 's/if (!codes_any(&sel->lists->sport\[i\]))/if (0)/' 'list of codes of none'
m 's/!(sel->lists && sel->lists->sports)/1/' 'list of source ports with a hole is any'
m 's/!(sel->lists && sel->lists->dports)/1/' 'list of ports with a hole is any'
m 's/field != NFIPSEC_FIELD_PORTS || one_value/one_value/' \
	'a value for a port that is none'
m 's/^\t       nfipsec_range_is_opaque(range);/\t       false;/' 'opaque is no value'
m 's/	if (!sel->proto)$/	if (0)/' 'any protocol is one'
m 's/sel->sport.max = U16_MAX;//' 'any has source port 0'

file=selector_lists.c
m 's/min > last->max + 1/min > last->max/' 'ports that meet stay two'
m 's/!addr_follows(&last\[1\], &list\[i\]\[0\], family)/1/' \
	'addresses that meet stay two'
m 's/if (next.all\[i\])$/if (1)/' 'addresses that meet: carry'
m 's/	sort_addrs(list, n, family);//' 'addresses not sorted'
m 's/	sort_ports(list, n);//' 'ports not sorted'
m 's/last->max = list\[i\].max;//' 'ports that overlap lose their end'
m 's/if (n > 1 && !nfipsec_selector_plen/if (0 \&\& !nfipsec_selector_plen/' \
	'any address in a list'
m 's/if (nfipsec_range_is_any(&list\[i\]) ||/if (/' 'any port in a list'
m 's/if (list\[i\].min > list\[i\].max)/if (0)/' 'ports of a list upside down'
m 's/	to->lists = room;//' 'lists not copied'

file=selector_addr.c
m 's/first >> 4 == 0xe /first >= 0xe0 /' 'class E is a group'
m 's/first == 0xff/first >= 0xfe/' 'link-local addresses are groups'
m 's/!(addr->all\[0\] | /!(/' 'IPv4 addresses are any'
m 's/if (plen <= 32 \* i)/if (plen < 32 * i)/' 'shift by 32'
m 's/32 \* (i + 1) - plen/32 * (i + 1) - plen - 1/' 'prefix one shorter'
m 's/!bits || plen > bits/!bits || plen > 128/' 'IPv4 prefix of 33 bits'
m 's/min.all\[i\] = addr->all\[i\] & mask/min.all[i] = addr->all[i]/' \
	'host bits kept'
m 's/ || (min & host))/)/' 'plen: unaligned range'
m 's/(host & (host + 1)) || //' 'plen: range with holes'
m 's/min != 0 || //' 'plen: rest of the lowest'
m 's/ || max != U32_MAX)/)/' 'plen: rest of the highest'
m 's/if (plen < 32 \* i)/if (plen <= 32 * i)/' 'plen: word boundary'
m 's/memcmp(a, b, sizeof(\*a))/memcmp(a, b, sizeof(*a) - 1)/' \
	'last byte not compared'

file=selector_sets.c
m 's/	\*hidden = false;//' 'hidden not told'
m 's/i < n; i++) {$/i < n - 1; i++) {/' 'last set not looked at'
m 's/		if (!flow->opaque)$/		if (1)/' 'first set of a fragment decides'
m 's/if (match == NFIPSEC_MATCH_YES &&$/if (1 \&\&/' 'early fragments are hidden'
m 's/if (all != NFIPSEC_MATCH_YES)$/if (1)/' 'the last set decides'
m 's/if (all != NFIPSEC_MATCH_YES)$/if (!all)/' 'the first set decides'
m 's/, flow) == NFIPSEC_MATCH_YES)$/, flow))/' 'one that may be is which'
m 's/if (na != nb)$/if (na > nb)/' 'a part is the same'
m 's/if (!nfipsec_sets_have(b, nb, &a\[i\]))/if (0)/' 'any sets are the same'
m 's/if (sel\[i\].family != sel\[0\].family)/if (0)/' 'one family'

file=demand.c
m 's/d->esn != esn)/d->esn \&\& !esn)/' 'ESN where none was asked for'
m 's/d->df != o->df)/0)/' 'DF not looked at'
m 's/d->dscp_fixed == o->dscp_fixed &&/1 \&\&/' 'copied or not'
m 's/(!d->dscp_fixed || d->dscp == o->dscp)/1/' 'DSCP not looked at'
m 's/(!d->dscp_fixed || /(/' 'DSCP of what is copied'
m 's/!(d->asked & NFIPSEC_DEMAND_DSCP) || //' 'DSCP always asked for'
m 's/(d->asked & NFIPSEC_DEMAND_DF) && //' 'DF always asked for'
m 's/(d->asked & NFIPSEC_DEMAND_ESN) && //' 'ESN always asked for'

file=flow.c
m 's/ || ip_is_fragment(iph) ||$/ ||/' 'plain: fragment'
m 's/len < PLAIN_HEAD)/0)/' 'plain: empty packet'
m 's/(int)skb_headlen(skb) - nhoff/(int)skb_headlen(skb)/' 'plain: elsewhere'
m 's/flow->sport = 0;//' 'plain: ports of ESP'
m 's/addr->all\[1\] = 0;//' 'plain: rest of an address'
m 's/flow->early = false;//' 'plain: early'
m 's/iph->ihl < 5/iph->ihl < 4/' 'IPv4: short header'
m 's/iph->version != 4 || //' 'IPv4: version'
m 's/l3->l4_off > skb->len - nhoff ||/0 ||/' 'IPv4: cut header'
m 's/(l3->len && l3->len < l3->l4_off)/(l3->len < l3->l4_off)/' \
	'IPv4: super-packet refused'
m 's/l3->len < l3->l4_off/l3->len <= l3->l4_off/' 'IPv4: empty packet refused'
m 's/l3->frag = ip_is_fragment(iph)/l3->frag = 0/' 'IPv4: fragment'
m 's/ || ip6->version != 6//' 'IPv6: version'
m 's/off + len > end/0/' 'IPv6: cut extension header'
m 's/off + len > end/off + len >= end/' \
	'IPv6: nothing behind the extension headers'
m 's/end = skb->len - nhoff/end = skb->len/' \
	'IPv6: length without the network offset'
m 's/end = min(end, l3->len)/(void)0/' 'IPv6: headers in the link padding'
m 's/nhoff + off, proto/off, proto/' 'IPv6: extension header elsewhere'
m 's/IP6_OFFSET | IP6_MF/IP6_OFFSET/' 'IPv6: first fragment'
m 's/IP6_OFFSET | IP6_MF/IP6_MF/' 'IPv6: last fragment'
m 's/if (l3->frag) {/if (0) {/' 'IPv6: walk on in a fragment'
m 's/i < NFIPSEC_EXTHDR_MAX/i <= NFIPSEC_EXTHDR_MAX/' \
	'IPv6: one extension header more'
m 's/proto == NEXTHDR_HOP || //' 'IPv6: ESP before hop-by-hop options'
m 's/ || proto == NEXTHDR_ROUTING//' 'IPv6: ESP before a routing header'
m '/case NEXTHDR_DEST:/d' 'IPv6: destination options not walked'
m 's/skb, off, sizeof(buf), &buf/skb, off, 1, \&buf/' 'IPv6: read beyond the end'
m 's/ip6->nexthdr != NEXTHDR_HOP &&/1 \&\&/' 'IPv6: jumbo payload'
m 's/!(skb_is_gso(skb) && skb_is_gso_tcp(skb))/1/' \
	'IPv6: super-packet taken for an empty packet'
m 's/skb_is_gso(skb) && skb_is_gso_tcp(skb)/skb_is_gso(skb)/' \
	'IPv6: super-packet of another protocol'
m 's/skb_is_gso(skb) && skb_is_gso_tcp(skb)/skb_is_gso_tcp(skb)/' \
	'IPv6: what was a super-packet'
m 's/min(end, l3->len)/end + 0/' 'payload length not looked at'
m 's/flow->opaque = l3->frag/flow->opaque = false/' 'fragment not opaque'
m 's/flow->daddr.in6 = ip6->daddr/flow->daddr.in6 = ip6->saddr/' \
	'wrong address'
m 's/ipv4_get_dsfield(iph) >> 2/ipv4_get_dsfield(iph)/' 'IPv4: ECN in the DSCP'
m 's/ipv6_get_dsfield(ip6) >> 2/0/' 'IPv6: no DSCP'
m 's/^\tif (l3->later)$/\tif (0)/' 'ports of a fragment'
m 's/return l3->frag;/return false;/' 'first fragment without ports'
m 's/if (!nfipsec_proto_hides(l3->family, l3->proto))/if (1)/' \
	'first fragment with another header'
m 's/#define EARLY.*/#define EARLY 17/' 'less is early'
m 's/#define EARLY.*/#define EARLY 8/' 'nothing is early'
m 's/skb, nhoff + l3->l4_off,$/skb, l3->l4_off,/' 'ports elsewhere'
m 's/ntohs(head\[1\])/ntohs(head[0])/' 'source port twice'
m 's/sizeof(buf\[0\])/sizeof(buf)/' 'ICMP: read beyond the code'
m 's/mh\[2\] << 8/mh[1] << 8/' 'mobility header: its length for its type'
m 's/mh\[2\] << 8/mh[2]/' 'mobility header: type in the low byte'
m 's/	if (!head)/	if (0)/' 'cut ports'
m 's/l3->l4_off + len > l3->len/0/' 'UDP: longer than the packet'
m 's/len <= head || //' 'UDP: shorter than its header'
m 's/len < 4 ? 1 : 4/4/' 'UDP: keepalive read as an SPI'
m 's/len == 1 && data/data/' 'UDP: keepalive by its first byte'
m 's/len < 4 || !(data/!(data/' 'UDP: half an SPI'
m 's/!(data\[0\] | data\[1\] | data\[2\] | data\[3\])/!(data[0] | data[1] | data[2])/' \
	'UDP: marker of 3 bytes'
m 's/l3->len = l3->l4_off + head + len/l3->len += 0/' 'UDP: end not kept'

file=algo.c
m 's/algos\[i\].kind == kind && //' 'kind not looked at'
m 's/for (i = 0; i < ARRAY_SIZE(algo->alias)/for (i = 1; i < ARRAY_SIZE(algo->alias)/' \
	'first alias not found'
m 's/!strcmp(algo->alias\[i\], name)/!strncmp(algo->alias[i], name, 6)/' \
	'alias by its beginning'
m 's/algo->key_len\[i\] + algo->salt_len/algo->key_len[i]/' 'salt forgotten'
m 's/return !len;/return true;/' 'key for the NULL cipher'
m 's/{ 16, 24, 32 }/{ 16, 32 }/' 'no AES-192'
m 's/{ 16, 24, 32 }/{ 16, 32, 24 }/' 'key lengths out of order'
m 's/.icv_bits = { 128 }/.icv_bits = { 96, 128 }/' 'short ICV'
m 's/.weak = true/.weak = false/' '3DES is not weak'
m '/.iiv = true/d' 'no implicit IV'
m '/.ah = true/d' 'no AES-GMAC for AH'
m 's/forbidden\[i\].kind == kind &&/1 \&\&/' 'NULL cipher forbidden'
m 's/{ NFIPSEC_AUTH, "hmac(md5)", MD5 },//' 'MD5 is just unknown'
m 's/.salt_len = 3/.salt_len = 4/' 'CCM with the salt of GCM'
m 's/"chapoly"/"aesgcm"/' 'alias twice'
m 's/"sha2_256"/"SHA2_256"/' 'upper case alias'
m 's/.iv_len = 16/.iv_len = 8/' 'short IV'
m 's/.iv = NFIPSEC_IV_RANDOM/.iv = NFIPSEC_IV_SEQ/' 'predictable IV for CBC'
m 's/.salt_len = 4/.salt_len = 5/' 'long salt'

file=reason.h
m 's/"in_pad"/"in_Pad"/' 'name in upper case'
m 's/"in_pad"/"in_auth"/' 'name twice'
m 's/"inbound: the ICV is wrong"/""/' 'no sentence'
m 's/"outbound: no route/"inbound: no route/' 'direction of a sentence'
file=reason.c
m 's/.core = SKB_DROP.*$/.core = 0,		\\/' \
	'drop without core reason'
m 's/.name = str/.doc = str/' 'no names'

file=mutable.c
m 's/\tcase IPOPT_CIPSO:$//' 'CIPSO zeroed'
m 's/\tcase IPOPT_RA:$/&\n\tcase IPOPT_SID:/' 'stream ID kept'
m 's/iph->tos = 0;//' 'TOS kept'
m 's/iph->frag_off = 0;//' 'DF kept'
m 's/iph->ttl = 0;//' 'TTL kept'
m 's/iph->check = 0;//' 'checksum kept'
m 's/|| opt\[1\] > end - opt)/)/' 'option too long'
m 's/opt\[1\] < 2 ||//' 'option of length 0'
m 's/end - opt < 2 || //' 'option without length'
m 's/routed ? -EINVAL :/0 ? -EINVAL :/' 'two source routes'
m 's/if (pointer > len)/if (0)/' 'source route that was taken'
m 's/if (pointer > len)/if (1)/' 'source route not taken'
m 's/opt + len - sizeof(iph->daddr)/opt + 3/' 'next hop as destination'
m 's/pointer % sizeof(__be32) ||/0 ||/' 'odd pointer'
m 's/(len + 1) % sizeof(__be32)/0/' 'half an address'
m 's/hdr\[0\] &= 0xf0/hdr[0] \&= 0xff/' 'IPv6: DSCP kept'
m 's/memset(hdr + 1, 0, 3);//' 'IPv6: flow label kept'
m 's/ip6->hop_limit = 0;//' 'IPv6: hop limit kept'
m 's/TLV_CHANGES\t*0x20/TLV_CHANGES 0x10/' 'IPv6: wrong bit'
m 's/memset(opt + 2, 0, opt\[1\])/memset(opt, 0, len)/' \
	'IPv6: option zeroed as a whole'
m 's/opt\[1\] > end - opt - 2/opt[1] > end - opt/' 'IPv6: option too long'
m 's/&& rt->type != ROUTING_TYPE_2/\&\& rt->type > 4/' 'routing type 4'
m 's/if (rt->segments_left && arrived)/if (0)/' 'hops left'
m 's/rt->segments_left > count ||/0 ||/' 'too many segments'
m 's/rt->hdrlen % 2 ||/0 ||/' 'IPv6: half an address'
m 's/count != 1/0/' 'type 2 with two addresses'
m 's/count - rt->segments_left\], sizeof(next)/0], sizeof(next)/' 'wrong hop'
m 's/ - EXTHDR_UNIT);/);/' 'length with the fragment header'
m 's/\*type = \*ext;//' 'next header of the fragment header'
m 's/!n || n > len - off/!n/' 'IPv6: header too long'
m 's/iph->ihl \* 4 != len/0/' 'IPv4: other length'

file=outer.c
m 's/o->dscp << 2/o->dscp/' 'DSCP in the lower bits'
m 's/dscp_fixed ? o->dscp << 2 :/dscp_fixed ? 0 :/' 'fixed DSCP not used'
m 's/== NFIPSEC_ECN_NORMAL/!= NFIPSEC_ECN_OFF/' 'ECN set in compatibility mode'
m 's/decap_dscp ? outer/decap_dscp ? *inner/' 'DSCP not taken over'
m 's/\[CE\] = DROP/[CE] = OK(CE)/' 'CE to a packet without ECN'
m 's/\[ECT_1\] = DANGER(CE)/[ECT_1] = OK(CE)/' 'not counted'
m 's/\[CE\] = OK(CE)/[CE] = OK(ECT_0)/' 'CE lost'
m 's/NFIPSEC_ECN_OFF)/NFIPSEC_ECN_NORMAL)/' 'ECN off is not off'
m 's/return inner_df;/return false;/' 'DF not copied'
m 's/return inner & LABEL_MASK/return inner/' 'flow label of 32 bits'
m 's/return o->label_value;/return 0;/' 'flow label not set'

file=path.c
m 's/path >> 16 > now/path >> 16 >= now/' 'a second too long'
m 's/FLOOR_IPV4\t*576/FLOOR_IPV4 68/' 'IPv4: floor'
m 's/FLOOR_IPV6\t*1280/FLOOR_IPV6 576/' 'IPv6: floor'
m 's/, 0xffff);/, 0x1ffff);/' 'past 16 bits'
m 's/!age ||/0 ||/' 'age 0'
m 's/old \&\& mtu > old/0/' 'path becomes larger'
m 's/behind < min/behind <= min/' 'one before the first'
m 's/BIT_ULL(20)/BIT_ULL(21)/' 'reach'
m 's/min(sent, QUOTE_REACH)/QUOTE_REACH/' 'more than was sent'

file=icmp.c
m 's/type < 128/type < 4/' 'IPv6: parameter problem'
m 's/type < 128/type <= 128/' 'IPv6: echo request'
m 's/case 12:/case 8:/' 'IPv4: parameter problem'
m 's/case 5:/case 0:/' 'IPv4: echo reply'
m 's/l3->frag || l3->proto != icmp/l3->proto != icmp/' 'fragment'
m 's/l3->frag || l3->proto != icmp/l3->frag/' 'another protocol'
m 's/off += ICMP_HLEN;//' 'quote without the header'
m 's/flow->saddr = f.daddr;//' 'addresses not turned'
m 's/flow->sport = f.dport;//' 'ports not turned'

file=life.c
m 's/if (l->soft\[i\] || l->hard\[i\])/if (l->hard[i])/' 'soft limits are none'
m 's/i < NFIPSEC_LIMITS_COUNTED/i < NFIPSEC_LIMITS_SET/' 'time is counted'
m 's/l->soft\[NFIPSEC_LIMIT_TIME_USE\] ||/0 ||/' 'soft limit of use'
m 's/l->hard\[i\] && l->soft\[i\] > l/l->soft[i] > l/' 'soft alone is crossed'
m 's/l->soft\[i\] > l->hard\[i\])/l->soft[i] >= l->hard[i])/' 'equal is crossed'
m 's/a->hard\[i\] != b->hard\[i\]/0/' 'hard limit never changes'
m 's/bytes > hard/bytes >= hard/' 'the last byte is too many'
m 's/packets > hard/packets >= hard/' 'the last packet is too many'
m 's/(hard\[NFIPSEC_LIMIT_PACKETS\] &&/(/' 'no limit of packets is one'
m 's/value >= l->soft/value > l->soft/' 'soft reached one late'
m 's/value >= l->hard/value > l->hard/' 'hard reached one late'
m 's/NFIPSEC_LIMIT_PACKETS, packets)/NFIPSEC_LIMIT_PACKETS, bytes)/' \
	'bytes as packets'
m 's/!start || //' 'use from boot on'
m 's/limit > NFIPSEC_NEVER \/ NSEC ||/0 ||/' 'more than the clock counts'
m 's/limit \* NSEC > NFIPSEC_NEVER - start/0/' 'past the end of the clock'
m 's/limit > NFIPSEC_NEVER \/ NSEC/limit > NFIPSEC_NEVER \/ NSEC - 2/' \
	'the farthest time'
m 's/now >= end(start\[i\], l->soft/now > end(start[i], l->soft/' 'soft, late'
m 's/now >= end(start\[i\], l->hard/now > end(start[i], l->hard/' 'hard, late'
m 's/if (!(told & NFIPSEC_SOFT(i)))//' 'due again, soft'
m 's/if (!(told & NFIPSEC_HARD(i)))//' 'due again, hard'
m 's/\[NFIPSEC_LIMIT_TIME_USE\] = used/[NFIPSEC_LIMIT_TIME_USE] = added/' \
	'use from the beginning'
file=life.h
m 's/(BIT(limit) << 16)/BIT(limit)/' 'hard is soft'

# Their cases are those of the whole that they make.
suite=classify
file=classify.c
m 's/rule->born <= state/1/' 'a rule before its state'
m 's/state < (u64)atomic64_read(&rule->died)/1/' 'a rule after its state'
m 's/if (best \&\& !nfipsec_rule_before(rule, best))/if (0)/' \
	'the last tuple wins'
m 's/(tell->exact ||$/(1 ||/' 'rules are not asked'
m 's/best, rule) \&\& is_opaque(rule))/best, rule) \&\& 0)/' \
	'of one policy, any rule'
m 's/(!hit->may || nfipsec_rule_before(rule, hit->may))/1/' \
	'the last one that may match'
m 's/hit->may \&\& !nfipsec_rule_before(hit->may, hit->yes)/0/' \
	'one policy may match and does'
m 's/hit->yes->priority < READ_ONCE/hit->yes->priority <= READ_ONCE/' \
	'a tuple of the same priority is left out'
m 's/best->priority < READ_ONCE/best->priority <= READ_ONCE/' \
	'a tuple of the same priority is not tried'
m 's/best->priority >= READ_ONCE/best->priority > READ_ONCE/' \
	'a tuple of the same priority is tried in vain'
m 's/probe\[may++\] = probe\[i\];/may++;/' 'the first of a batch again'
m 's/return look_batch(walk, table, probe, n, best);/return best;/' \
	'the last batch is not looked at'
m 's/b\[found++\] = bucket;/b[0] = bucket, found = 1;/' 'the last bucket alone'
m 's/best->priority < v.tell\[i\].priority/best->priority <= v.tell[i].priority/' \
	'a piece of the same priority is left out'
m 's/side < NFIPSEC_SIDES/side < 1/' 'fragments as whole packets'
m 's/if (flow->opaque)/if (0)/' 'no fragments'
m 's/if (rule \&\& ask_frag/if (0 \&\& ask_frag/' 'fragments match nothing'
m 's/return hidden;/return false;/' 'protocol always seen'
file=rule.c
m 's/cut->n += got;/cut->n = got;/' 'one range of a list'
m 's/cut->exact = false;//' 'too large and not asked'
m 's/range->max << 16 | U16_MAX/range->max << 16/' 'port that is one too low'
m 's/i \/= cut\[f\].n;//' 'not all pieces'
m 's/exact = exact \&\& cut/exact = cut/' 'only the last field counts'
m 's/NFIPSEC_KIND_PORTS ? FIELDS : DPORT/NFIPSEC_KIND_PORTS ? SPORT : DPORT/' \
	'source port not looked at'
m 's/if (is_noproto(sel))/if (0)/' 'opaque protocol'
m 's/NFIPSEC_KIND_MAY,$/NFIPSEC_KIND_PORTS,/' 'ports of fragments seen'
m 's/AF_INET6 \&\& sel->proto)/AF_INET6 \&\& 0)/' 'nothing hidden'
m 's/if (err)$/if (0)/' 'half a rule stays'
m 's/low.meta = rule->sel->meta;//' 'key without interfaces'
m 's/.mark = rule->sel->mask,//' 'mark does not count'
m 's/(meta->iif ? NFIPSEC_SHAPE_IIF : 0)/0/' 'interface in does not count'
m 's/(meta->oif ? NFIPSEC_SHAPE_OIF : 0)/NFIPSEC_SHAPE_OIF/' \
	'interface out always counts'
file=tuple.c
m 's/nfipsec_bit_mask(shape->dport) >> 16/0/' 'destination port does not count'
m 's/shape->proto ? U8_MAX : 0/0/' 'protocol does not count'
m 's/tuple->words = has_meta(shape) ? .*;/tuple->words = head;/' \
	'keys end with headers'
m 's/mask\[head + 1\] = .*;/mask[head + 1] = 0;/' 'interface out is any'
m 's/mask\[head + 2\] = all_if(.*);/mask[head + 2] = all_if(1);/' \
	'VRF always counts'
m 's/if (memcmp(&shape, want, sizeof(shape)))/if (0)/' \
	'a coarser tuple taken for exact'
m 's/best_set(tuple);$/;/' 'best priority is that of the first'
m 's/pos = priority < level->priority/pos = priority > level->priority/' \
	'priorities in no order'
m 's/if (--level->count)/if (0)/' 'priority gone with one piece'
m 's/pos = nfipsec_rule_before(rule/pos = !nfipsec_rule_before(rule/' \
	'rules backwards'
m 's/nfipsec_pack_widen(piece);/;/' 'a piece for others of another address'
m 's/if (err)$/if (0)/' 'a piece without a pack'
m 's/level_put(b->tuple, rule->priority);/;/' 'priority of what is not there'
m 's/if (b \&\& RB_EMPTY_ROOT(&b->pieces))/if (0)/' 'empty bucket stays'
m 's/(full || has_shapes(rule, want->kind))/full/' 'one rule brings all shapes'
m 's/n == SHAPES_RULE/0/' 'shapes of a rule without bound'
file=bucket.h
m 's/plen ? U32_MAX << (32 - plen) : 0/U32_MAX << (31 \& (32 - plen))/' \
	'prefix of length 0'
file=bucket.c
m 's/WRITE_ONCE(\*filter, .*/if (1)/' 'not in the filter'
m 's/|| table->gone >= table->size//' 'a filter is never made anew'
m 's/head + 3\] = flow->meta.mark/head + 3] = 0/' 'no packet has a mark'
m 's/word\[key->head - 1\] |= tuple->id << 8;//; s/b->tuple == tuple \&\& //' \
	'tuples are mixed up'
m 's/key_equal(tuple, key, b->key)/1/' 'hash taken for the key'
m 's/table_new(size, !old->link)/table_new(size, old->link)/' \
	'one link for two tables'
m 's/space->buckets <= size ||/space->buckets <= 2 * size ||/' 'table too small'
m 's/< table->size \/ 16/< table->size \/ 64/' 'table too large'
file=cover.c
m 's/!starts_at(at, plen) || //' 'prefix begins before the range'
m 's/above(last_of(at, plen), end))$/0)/' 'prefix ends behind the range'
m 's/n.high += !n.low;//' 'no carry'
m 's/plen < 128 ? U64_MAX >> (plen - 64)/plen < 128 ? U64_MAX/' 'long prefixes'
m 's/at.low \&= ~host.low;//' 'host bits stay'
file=classify.h
m 's/a->age < b->age/a->age > b->age/' 'the youngest first'
suite=pack:
file=pack.c
m 's/rcu_assign_pointer(\*link, a);/rcu_assign_pointer(*link, b);/' \
	'half a pack is lost'
m 's/run_put(run, n, b, behind(old));/run_put(run, n, b, NULL);/' \
	'what is behind two packs is lost'
m 's/run_put(run, 0, pack, behind(old));/run_put(run, 0, pack, NULL);/' \
	'what is behind a pack is lost'
m 's/prev ? &prev->pack->next : &piece->bucket->first/\&piece->bucket->first/' \
	'the packs before it are lost'
m 's/kfree_rcu(old, rcu);/kfree(old);/' 'freed under readers'
m 's/kfree_rcu(pack, rcu);/kfree(pack);/' 'the last piece freed under readers'
m 's/if (run.n > PACK_MAX)/if (0)/' 'without bound'
m 's/last ? run->n - 1 : run->n \/ 2/run->n \/ 2/' 'halves where all is in order'
m 's/if (run.n <= pack->n \/ 2)/if (0)/' 'never made anew'
m 's/RCU_INIT_POINTER(nfipsec_pack_rules(pack).*;/;/' 'what has gone stays'
m 's/RCU_INIT_POINTER(piece->bucket->first, NULL);//' 'freed and still there'
m 's/if (other) {/if (0) {/' 'not alone any more'
m 's/(next || prev_of(prev))/next/' 'alone behind others'
m 's/if (next \&\& next_of(next))/if (0)/' 'alone before others'
m 's/if (piece->pack != pack)/if (0)/' 'a pack is lost'
m 's/run_drop(&run, piece);//' 'what has gone comes again'
m 's/run->piece\[from + i\];/run->piece[i];/' 'the first half twice'
m 's/widen(&piece->pack->tell.*;/;/' 'told in the pack'
m 's/widen(&piece->tell);//' 'told in the piece'
m 's/piece->pack = old;/;/' 'not in its run'
file=pack.h
m 's/view->next = rcu_dereference(pack->next);/view->next = NULL;/' \
	'the first pack only'
suite=
file=wordhash.h
m 's/hash \*= 0x85ebca6b;//; s/hash ^= hash >> 15;//; s/hash \*= 0xc2b2ae35;//' \
	'not mixed'
m 's/(sum >> 32) ^ seed;/sum >> 32;/' 'no seed'
m 's/(sum >> 32) ^ seed;/seed;/' 'no key'
suite=flowcache
file=flow_cache.c
m 's/e\[i\].state >= since \&\& //' 'an answer is for ever'
m 's/state >= since/state > since/' 'true from the next state on'
m 's/e->place == place \&\& //' 'all ask the same policies'
m 's/sizeof(\*a) \/ sizeof(u64)/offsetof(struct nfipsec_flow, meta) \/ 8/' \
	'no interfaces'
m 's/diff = a->meta.mark ^ b->meta.mark;/diff = 0;/' 'no marks'
m 's/diff |= get/diff = get/' 'only the last'
m 's/e->state = state;/e->state = ~0ULL;/' 'no state'
m 's/e\[i + 1\] = e\[i\];/;/' 'one way'
m 's/if (is_of(&e\[i\], place, flow))$/if (0)/' 'one flow twice'
m 's/e->verdict = \*verdict;//' 'no answer'
m 's/hash \& (NFIPSEC_FLOW_CACHE_SETS - 1)/0/' 'one set'
suite=

echo "1..$count"
echo "# Totals: pass:$((count - failed)) fail:$failed skip:0"
[ "$failed" -eq 0 ]
