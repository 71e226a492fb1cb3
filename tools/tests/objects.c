// SPDX-License-Identifier: GPL-2.0
/*
 * SAs and events: from words to a message as the kernel gets it, from that
 * to a structure again as if the kernel had answered it, and to text.
 */
#include <stdlib.h>
#include <string.h>

#include "../libnfipsec/internal.h"
#include "check.h"
#include "monitor.h"
#include "policy.h"
#include "sa.h"

#define AH_ID	"src 192.0.2.1 dst 192.0.2.2 proto ah spi 0x100 "
#define ID	"src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 "
#define GCM	"aead aes128gcm16 " KEY20 " 128"
#define HEAD	"src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000100 reqid "
#define TAIL								\
	"\tanti-replay context: seq-in 0 seq-out 0\n"			\
	"\tstats: packets 0 bytes 0 replay-drops 0 auth-drops 0\n"
#define CHACHA	"aead chacha20poly1305 " KEY36 " 128"
#define U64_MAX	"18446744073709551615"
#define SEL_TEXT							\
	"sel src 10.0.0.0/8 dst 10.1.0.1-10.1.0.9 proto udp sport 500 dport 1-9"
#define SEL_WORDS	SEL_TEXT " "
#define GCM_OUT	"\taead rfc4106(gcm(aes)) <hidden> 128\n"

static const struct object_case sas[] = {
	{ ID "mode tunnel " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL, false },
	{ ID "mode transport reqid 7 replay-window 64 esn dir in " GCM,
	  HEAD "7 mode transport\n\treplay-window 64 dir in state larval flag esn\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel flag noecn decap-dscp flag nopmtudisc esn " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag esn noecn decap-dscp nopmtudisc\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel enc aes128 " KEY16 " auth-trunc sha256 " KEY32 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\tauth-trunc hmac(sha256) <hidden> 128\n\tenc cbc(aes) <hidden>\n"
	  TAIL, false },
	{ ID "mode tunnel enc null auth-trunc sha256 " KEY32 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\tauth-trunc hmac(sha256) <hidden> 128\n\tenc ecb(cipher_null)\n"
	  TAIL, false },
	{ ID "mode tunnel enc ecb(cipher_null) '' auth-trunc hmac(sha256) " KEY32 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\tauth-trunc hmac(sha256) <hidden> 128\n\tenc ecb(cipher_null)\n"
	  TAIL, false },
	{ ID "mode tunnel " SEL_WORDS "seq-out 5 replay-seq " U64_MAX " " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n" GCM_OUT
	  "\tanti-replay context: seq-in " U64_MAX " seq-out 5\n"
	  "\tstats: packets 0 bytes 0 replay-drops 0 auth-drops 0\n"
	  "\t" SEL_TEXT "\n",
	  false },
	{ ID "mode transport sel src any dst any proto tcp " GCM,
	  HEAD "0 mode transport\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp\n", false },
	{ ID "mode beet sel src 2001:db8::1 dst 2001:db8::2 " GCM,
	  HEAD "0 mode beet\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\tsel src 2001:db8::1/128 dst 2001:db8::2/128\n", false },
	{ ID "mode tunnel sel src ::/0 dst any " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\tsel src ::/0 dst ::/0\n", false },
	{ "src 2001:db8::1 dst 2001:db8::2 proto esp spi 4294967295 "
	  CHACHA " mode tunnel",
	  "src 2001:db8::1 dst 2001:db8::2\n\tproto esp spi 0xffffffff reqid 0 mode tunnel\n"
	  "\treplay-window 0 dir any state larval\n"
	  "\taead rfc7539esp(chacha20,poly1305) <hidden> 128\n" TAIL, false },
	{ AH_ID "flag align8 auth-trunc sha256 " KEY32 " 128 mode transport",
	  "src 192.0.2.1 dst 192.0.2.2\n\tproto ah spi 0x00000100 reqid 0 mode transport\n"
	  "\treplay-window 0 dir any state larval flag align8\n"
	  "\tauth-trunc hmac(sha256) <hidden> 128\n" TAIL, false },
	{ AH_ID "flag align4 esn auth-trunc sha256 " KEY32 " 128 mode transport",
	  "src 192.0.2.1 dst 192.0.2.2\n\tproto ah spi 0x00000100 reqid 0 mode transport\n"
	  "\treplay-window 0 dir any state larval flag esn\n"
	  "\tauth-trunc hmac(sha256) <hidden> 128\n" TAIL, false },
	{ AH_ID "aead aes128gmac " KEY20 " 128 mode transport",
	  "src 192.0.2.1 dst 192.0.2.2\n\tproto ah spi 0x00000100 reqid 0 mode transport\n"
	  "\treplay-window 0 dir any state larval\n"
	  "\taead rfc4543(gcm(aes)) <hidden> 128\n" TAIL, false },
	/* what is not in the table is the kernel's to judge */
	{ ID "mode tunnel nat-keepalive-interval 20 " GCM
	  " encap espinudp 4500 61001 192.0.2.9",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT
	  "\tencap type espinudp sport 4500 dport 61001 addr 192.0.2.9\n"
	  "\tnat-keepalive-interval 20\n" TAIL, false },
	{ ID "mode tunnel encap espinudp 1 2 0.0.0.0 " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT
	  "\tencap type espinudp sport 1 dport 2 addr 0.0.0.0\n" TAIL, false },
	{ ID "mode tunnel aead rfc4106(gcm(sm4)) " KEY16 " 64",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\taead rfc4106(gcm(sm4)) <hidden> 64\n" TAIL, false },
	{ ID "mode tunnel aead rfc4106(gcm(aes)) " KEY16 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel ecn compat dscp 46 df set hop-limit 9 flow-label hash frag before " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL
	  "\tecn compat dscp 46 df set hop-limit 9 flow-label hash frag before\n",
	  false },
	{ ID "mode tunnel dscp copy hop-limit default flow-label 0xabcde " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL
	  "\tecn normal dscp copy df copy hop-limit default flow-label 0xabcde frag after\n",
	  false },
	{ ID "mode tunnel pmtu-age 60 flag icmp icmp-check " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag icmp icmp-check\n"
	  GCM_OUT TAIL "\tpmtu-age 60\n", false },
	{ ID "mode tunnel replay-window 0 flag check-pad seq-rollover " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag check-pad seq-rollover\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel tfc-pad mtu dummy-interval 100 flag check-pad " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag check-pad\n"
	  GCM_OUT TAIL "\ttfc-pad mtu dummy-interval 100\n", false },
	{ ID "mode transport tfc-pad 512 " GCM,
	  HEAD "0 mode transport\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\ttfc-pad 512\n", false },
	{ ID "mode tunnel dscp 8 dscp-set ef,0-7,af11,9,10,63 " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL
	  "\tecn normal dscp 8 df copy hop-limit default flow-label 0 frag after\n"
	  "\tdscp-set 0-7,9-10,46,63\n", false },
	{ ID "mode transport dscp-set df-63 " GCM,
	  HEAD "0 mode transport\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\tdscp-set 0-63\n", false },
	{ ID "mode transport cpu 3 " GCM,
	  HEAD "0 mode transport\n\treplay-window 0 dir any state larval\n"
	  GCM_OUT TAIL "\tcpu 3\n", false },
	{ ID "mode transport cpu 4294967296 " GCM, "too large", true },
	{ ID "mode tunnel dscp-set 64 " GCM, "too large: at most 63", true },
	{ ID "mode tunnel dscp-set 9-8 " GCM, "ends before it starts", true },
	{ ID "mode tunnel dscp-set 1,,2 " GCM, "is no number", true },
	{ ID "mode tunnel dscp-set all " GCM, "is no number", true },
	{ "src 192.0.2.1 dst 192.0.2.2 proto comp spi 2 mode tunnel comp deflate",
	  "src 192.0.2.1 dst 192.0.2.2\n\tproto comp spi 0x00000002 reqid 0 mode tunnel\n"
	  "\treplay-window 0 dir any state larval\n\tcomp deflate\n" TAIL,
	  false },
	{ ID "mode tunnel owner abcdefghijklmno esn " GCM,
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval owner abcdefghijklmno flag esn\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel owner abcdefghijklmnop " GCM,
	  "a name of 1 to 15 bytes", true },
	{ ID "mode tunnel tfc-pad all " GCM, "is no number", true },
	{ ID "mode tunnel ecn on " GCM, "use one of: normal compat off", true },
	{ ID "mode tunnel dscp 64 " GCM, "too large: at most 63", true },
	{ ID "mode tunnel hop-limit 0 " GCM, "at least 1", true },
	{ ID "mode tunnel hop-limit 256 " GCM, "at most 255", true },
	{ ID "mode tunnel flow-label 0x100000 " GCM, "too large", true },
	{ ID "mode tunnel flow-label any " GCM, "copy, hash or a number", true },
	{ ID "mode tunnel frag never " GCM, "use one of: after before", true },
	{ "", "\"src\" is missing", true },
	{ "src 192.0.2.1 dst 192.0.2.2 spi 0x100 mode tunnel " GCM,
	  "\"proto\" is missing", true },
	{ ID GCM, "\"mode\" is missing", true },
	{ ID "mode tunnel", "algorithms are missing", true },
	{ ID "mode tunnel enc null", "algorithms are missing", true },
	{ ID "mode tunnel frob " GCM, "unknown word \"frob\"", true },
	{ ID "mode tunnel spi 7 " GCM, "\"spi\" is given twice", true },
	{ ID "mode tunnel seq-out 1 replay-oseq 2 " GCM, "given twice", true },
	{ ID "mode ro " GCM, "use one of: transport tunnel beet", true },
	{ ID "mode", "a value must follow \"mode\"", true },
	{ ID "mode tunnel reqid 4294967296 " GCM, "too large", true },
	{ ID "mode tunnel flag frob " GCM, "unknown flag \"frob\"", true },
	{ ID "mode tunnel sel " GCM, "a selector must follow", true },
	{ ID "mode tunnel sel src any dst any " GCM, "no address family",
	  true },
	{ ID "mode tunnel sel src 10.0.0.1 dst ::1 " GCM,
	  "one address family", true },
	{ "src 192.0.2.1 dst ::2 proto esp spi 1 mode tunnel " GCM,
	  "one address family", true },
	{ "src 192.0.2.1 dst 192.0.2.2 proto tcp spi 1 mode tunnel " GCM,
	  "use proto esp, proto ah or proto comp", true },
	{ "src 192.0.2.1 dst 192.0.2.2 proto comp spi 2 mode tunnel " GCM,
	  "IPComp needs comp deflate", true },
	{ ID "mode tunnel comp", "must follow \"comp\"", true },
	{ ID "mode tunnel comp " X64, "1 to 63 characters", true },
	{ "src 192.0.2.1 dst 192.0.2.2 proto ah spi 1 mode tunnel enc aes128 " KEY16,
	  "AH needs auth-trunc", true },
	{ AH_ID "mode tunnel aead aes256gmac " KEY20 " 128",
	  "aes256gmac takes a key of 36 bytes", true },
	{ ID "mode tunnel auth sha256 " KEY32, "use auth-trunc", true },
	{ ID "mode tunnel aead aes128gcm16", "a key must follow", true },
	{ ID "mode tunnel encap", "must follow", true },
	{ ID "mode tunnel encap espintcp 1 2 0.0.0.0", "espinudp", true },
	{ ID "mode tunnel encap espinudp 4500", "espinudp SPORT DPORT OADDR",
	  true },
	{ ID "mode tunnel encap espinudp 4500 65536 0.0.0.0",
	  "destination port", true },
	{ ID "mode tunnel encap espinudp 4500 4500", "OADDR", true },
	{ ID "mode tunnel " GCM " nat-keepalive-interval 20",
	  "goes with \"encap\"", true },
	{ ID "mode tunnel aead aes128gcm16 " KEY20, "must follow the key",
	  true },
	{ ID "mode tunnel aead aes128gcm16 " KEY16 " 128",
	  "a key of 20 bytes (the last 4 are the salt), not of 16", true },
	{ ID "mode tunnel aead aes256gcm16 " KEY20 " 128",
	  "a key of 36 bytes", true },
	{ ID "mode tunnel aead aes-gcm-16 " KEY16 " 128",
	  "a key of 20 or 28 or 36 bytes", true },
	{ ID "mode tunnel enc aes256 " KEY16 " auth-trunc sha256 " KEY32 " 128",
	  "aes256 takes a key of 32 bytes, not of 16", true },
	{ ID "mode tunnel enc null " KEY16 " auth-trunc sha256 " KEY32 " 128",
	  "null takes no key", true },
	{ ID "mode tunnel aead " X64 " " KEY16 " 128",
	  "algorithm names have 1 to 63 characters", true },
	/* a misplaced key is not shown */
	{ ID "mode tunnel aead " KEY20 " 128", "a key must be", true },
	{ ID "mode tunnel " KEY20, "unknown word \"0x...\"", true },
	{ ID "mode tunnel aead aes128gcm16iiv " KEY20 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag iiv\n"
	  GCM_OUT TAIL, false },
	{ ID "mode tunnel esn aead chacha20poly1305iiv " KEY36 " 128",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval flag esn iiv\n"
	  "\taead rfc7539esp(chacha20,poly1305) <hidden> 128\n" TAIL, false },
	{ ID "mode tunnel aead aes128ccm8 " KEY16 "101112 64",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\taead rfc4309(ccm(aes)) <hidden> 64\n" TAIL, false },
	{ ID "mode tunnel enc aes128ctr " KEY20 " auth-trunc sha1 " KEY20 " 96",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\tauth-trunc hmac(sha1) <hidden> 96\n"
	  "\tenc rfc3686(ctr(aes)) <hidden>\n" TAIL, false },
	{ ID "mode tunnel enc camellia128 " KEY16 " auth-trunc aesxcbc " KEY16 " 96",
	  HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
	  "\tauth-trunc xcbc(aes) <hidden> 96\n"
	  "\tenc cbc(camellia) <hidden>\n" TAIL, false },
	{ ID "mode tunnel aead aes128gcm8 " KEY20 " 128",
	  "aes128gcm8 has an ICV of 64 bits, not of 128", true },
	{ ID "mode tunnel aead aes-gcm-12 " KEY20 " 128",
	  "aes-gcm-12 has an ICV of 96 bits, not of 128", true },
	{ ID "mode tunnel aead aes128gcm8iiv " KEY20 " 128",
	  "aes128gcm8iiv has an ICV of 64 bits, not of 128", true },
	{ ID "mode tunnel aead aes128ccm16 " KEY20 " 128",
	  "aes128ccm16 takes a key of 19 bytes (the last 3 are the salt), not of 20",
	  true },
	{ ID "mode tunnel enc des " KEY16 " auth-trunc sha1 " KEY20 " 96",
	  "DES is broken", true },
	{ ID "mode tunnel enc aes128 " KEY16 " auth-trunc md5 " KEY16 " 96",
	  "MD5 is broken", true },
	{ ID "mode tunnel enc aes128 " KEY16 " auth-trunc sha256_96 " KEY32 " 96",
	  "96 bits is an old mistake", true },
};

void reread(const struct nfi_set *set, const void *from, void *to,
	    const char *name)
{
	char buf[2048];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const char *attrs = mnl_nlmsg_get_payload(nlh);
	int ret;

	ret = nfi_encode(nlh, sizeof(buf), set, from, UINT64_MAX);
	if (!ret)
		ret = nfi_decode(attrs, nlh->nlmsg_len - NLMSG_HDRLEN, set,
				 to);
	if (ret)
		ok(false, name, "encode or decode: %d", ret);
}

static void sa_case(const struct object_case *c)
{
	struct sa_args *in = calloc(1, sizeof(*in));
	struct args *a = args_new(c->words);
	struct nfipsec_sa sa = {};
	struct text text;
	char name[192];
	int ret;

	snprintf(name, sizeof(name), "sa %.180s", c->words);
	ret = sa_parse_config(a, in);
	if (!ret)
		ret = sa_check_new(&in->sa);
	if (c->bad || ret) {
		has(ret == CLI_USAGE ? cli_error() : "accepted", c->want, name);
	} else {
		reread(&nfi_set_sa, &in->sa, &sa, name);
		text_open(&text);
		sa_print(text.file, &sa);
		same(text_close(&text), c->want, name);
		text_free(&text);
	}
	sa_wipe(in);
	free(in);
	args_free(a);
}

#define JSON_FLAGS	JSON_C_TO_STRING_NOSLASHESCAPE
#define JSON_WORDS							\
	"mode tunnel reqid 4294967295 esn seq-out " U64_MAX " "		\
	JSON_SEL " "
#define JSON_SEL	"sel src 10.0.0.0/8 dst any proto tcp dport 80-90"

static void sa_json_case(void)
{
	static const char * const want[] = {
		"{\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\",",
		"\"proto\":\"esp\",\"spi\":\"0x00000100\",",
		"\"reqid\":4294967295,\"mode\":\"tunnel\",",
		"\"dir\":\"any\",\"state\":\"larval\",",
		"\"flags\":[\"esn\"],\"replay_window\":0,",
		"\"aead\":{\"name\":\"rfc4106(gcm(aes))\",\"icv_bits\":128},",
		"\"sel\":{\"family\":\"inet\",\"src\":\"10.0.0.0/8\",",
		"\"dst\":\"0.0.0.0/0\",\"proto\":\"tcp\",",
		"\"dport_min\":80,\"dport_max\":90},",
		"\"seq_in\":0,\"seq_out\":18446744073709551615,",
		"\"packets\":0,\"bytes\":0,\"replay_drops\":0,",
		"\"auth_drops\":0,\"add_time\":0}",
	};
	const char *got;
	size_t i;
	struct sa_args *in = calloc(1, sizeof(*in));
	struct args *a = args_new(ID JSON_WORDS GCM);
	struct json_object *o;

	if (sa_parse_config(a, in)) {
		ok(false, "sa as JSON", "%s", cli_error());
	} else {
		o = sa_json(&in->sa);
		got = json_object_to_json_string_ext(o, JSON_FLAGS);
		for (i = 0; i < ARRAY_SIZE(want) &&
		     !strncmp(got, want[i], strlen(want[i])); i++)
			got += strlen(want[i]);
		same(got, "", "sa as JSON");
		json_object_put(o);
	}
	free(in);
	args_free(a);
}

static void sa_match_cases(void)
{
	static const struct {
		const char *words;
		bool match;
	} cases[] = {
		{ "", true },
		{ "src 192.0.2.1", true },
		{ "dst 192.0.2.2 spi 256 reqid 3 mode tunnel", true },
		{ "dst 192.0.2.1", false },
		{ "src ::1", false },
		{ "spi 257", false },
		{ "reqid 0", false },
		{ "mode transport", false },
		{ "dir in", false },
		{ "state larval", true },
	};
	struct args *a = args_new(ID "mode tunnel reqid 3 " GCM);
	struct sa_args *in = calloc(1, sizeof(*in));
	struct nfipsec_sa filter;
	struct args *words;
	char name[64];
	size_t i;
	int ret;

	ret = sa_parse_config(a, in);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&filter, 0, sizeof(filter));
		words = args_new(cases[i].words);
		ret |= sa_parse_filter(words, &filter);
		snprintf(name, sizeof(name), "sa list '%s'", cases[i].words);
		ok(!ret && sa_match(&in->sa, &filter) == cases[i].match, name,
		   "%d", ret);
		args_free(words);
	}
	free(in);
	args_free(a);
}

static void event_case(void)
{
	static const struct nfipsec_mapping from = {
		.has = ~UINT64_C(1),
		.dst = { 10, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } },
		.proto = 50,
		.spi = 0x1234,
		.reqid = 7,
		.old_src = { 10, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		.old_sport = 4500,
		.new_src = { 10, { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 } },
		.new_sport = 61001,
	};
	struct nfipsec_event ev = { .cmd = NFIPSEC_CMD_MAPPING_NTF };
	struct json_object *o;
	struct text text;

	reread(&nfi_set_mapping, &from, &ev.mapping, "mapping");
	text_open(&text);
	event_print(text.file, &ev);
	same(text_close(&text),
	     "mapping dst 2001:db8::2 proto esp spi 0x00001234 reqid 7 src 2001:db8::1 sport 4500 new-src 2001:db8::3 new-sport 61001\n",
	     "mapping as text");
	text_free(&text);
	o = event_json(&ev);
	same(json_object_to_json_string_ext(o, JSON_FLAGS),
	     "{\"event\":\"mapping\",\"dst\":\"2001:db8::2\",\"proto\":\"esp\",\"spi\":\"0x00001234\",\"reqid\":7,\"src\":\"2001:db8::1\",\"sport\":4500,\"new_src\":\"2001:db8::3\",\"new_sport\":61001}",
	     "mapping as JSON");
	json_object_put(o);
}

/* Nothing is asked for beside ends, protocol, mode and algorithms. */
#define HAS_TMPL	(NFIPSEC_HAS(NFIPSEC_A_TMPL_ESN) - 2)

static void acquire_case(void)
{
	static const struct nfipsec_acquire from = {
		.has = ~UINT64_C(1) & ~NFIPSEC_HAS(NFIPSEC_A_ACQUIRE_PACKETS),
		.id = 3,
		.policy = 7,
		.priority = 100,
		.packet = {
			.has = NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SRC) |
			       NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DST) |
			       NFIPSEC_HAS(NFIPSEC_A_SELECTOR_PROTO) |
			       NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MIN) |
			       NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MAX),
			.src = { 2, { 192, 0, 2, 1 } },
			.dst = { 2, { 192, 0, 2, 2 } },
			.proto = 6,
			.dport_min = 80,
			.dport_max = 80,
		},
		.tmpl = {
			{ .has = HAS_TMPL | NFIPSEC_HAS(NFIPSEC_A_TMPL_ESN),
			  .src = { 2, { 192, 0, 2, 1 } },
			  .dst = { 2, { 192, 0, 2, 2 } }, .proto = 51,
			  .reqid = 5, .esn = 1 },
			{ .has = HAS_TMPL, .src = { 2, { 10, 0, 0, 1 } },
			  .dst = { 2, { 10, 0, 0, 2 } }, .proto = 50,
			  .mode = NFIPSEC_MODE_TUNNEL, .spi = 0x1234,
			  .algos = { .n = 1, .name = { "cbc(aes)" } } },
		},
		.tmpls = 2,
		.cpu = 5,
	};
	struct nfipsec_event ev = { .cmd = NFIPSEC_CMD_ACQUIRE_NTF };
	struct json_object *o;
	struct text text;

	reread(&nfi_set_acquire, &from, &ev.acquire, "acquire");
	text_open(&text);
	event_print(text.file, &ev);
	same(text_close(&text),
	     "acquire id 3 policy 7 priority 100 src 192.0.2.1/32 dst 192.0.2.2/32 proto tcp dport 80 tmpl src 192.0.2.1 dst 192.0.2.2 proto ah reqid 5 mode transport esn yes tmpl src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x00001234 reqid 0 mode tunnel algo cbc(aes) cpu 5\n",
	     "acquire as text");
	text_free(&text);
	o = event_json(&ev);
	same(json_object_to_json_string_ext(o, JSON_FLAGS),
	     "{\"event\":\"acquire\",\"id\":3,\"policy\":7,\"priority\":100,\"packet\":{\"family\":\"inet\",\"src\":\"192.0.2.1/32\",\"dst\":\"192.0.2.2/32\",\"proto\":\"tcp\",\"dport_min\":80,\"dport_max\":80},\"tmpl\":{\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\",\"proto\":\"ah\",\"reqid\":5,\"mode\":\"transport\",\"esn\":true},\"outer_tmpls\":[{\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"proto\":\"esp\",\"spi\":\"0x00001234\",\"reqid\":0,\"mode\":\"tunnel\",\"algos\":[\"cbc(aes)\"]}],\"cpu\":5}",
	     "acquire as JSON");
	json_object_put(o);
}

/* Names as another program may give them, and as they are shown. */
#define ROGUE		"\033[2J\r\n\177\302\2331\303\204\233"
#define ROGUE_TEXT	"?[2J????1\303\204?"
#define ROGUE_JSON	"\"\\u001b[2J\\r\\n\\u007f\\u009b1\303\204\\ufffd\""

static void rogue_events(const struct nfipsec_sa *sa,
			 const struct nfipsec_policy *pol)
{
	struct nfipsec_event of_sa = {
		.cmd = NFIPSEC_CMD_SA_CHANGE_NTF, .sa = *sa,
	};
	struct nfipsec_event of_policy = {
		.cmd = NFIPSEC_CMD_POLICY_CHANGE_NTF, .policy = *pol,
	};
	struct text text;

	text_open(&text);
	event_print(text.file, &of_sa);
	event_print(text.file, &of_policy);
	same(text_close(&text), "sa new owner " ROGUE_TEXT "\n"
				"policy new owner " ROGUE_TEXT "\n",
	     "control characters in changes");
	text_free(&text);
}

static void rogue_lists(const struct nfipsec_sa *sa,
			const struct nfipsec_policy *pol)
{
	struct text text;

	text_open(&text);
	sa_print(text.file, sa);
	text_close(&text);
	ok(strstr(text.buf, " owner " ROGUE_TEXT "\n"),
	   "control characters in an SA", "%s", text.buf);
	text_free(&text);
	text_open(&text);
	policy_print(text.file, pol);
	text_close(&text);
	ok(strstr(text.buf, " owner " ROGUE_TEXT "\n\tname " ROGUE_TEXT "\n"),
	   "control characters in a policy", "%s", text.buf);
	text_free(&text);
}

static void rogue_json(const struct nfipsec_sa *sa,
		       const struct nfipsec_policy *pol)
{
	FILE *out = cli.out;
	struct text text;

	text_open(&text);
	cli.out = text.file;
	json_print(sa_json(sa));
	json_print(policy_json(pol));
	cli.out = out;
	text_close(&text);
	ok(strstr(text.buf, "\"owner\":" ROGUE_JSON ",\"flags\"") &&
	   strstr(text.buf, "\"owner\":" ROGUE_JSON ",\"action\"") &&
	   strstr(text.buf, "\"name\":" ROGUE_JSON "}\n"),
	   "control characters in JSON", "%s", text.buf);
	text_free(&text);
}

static void rogue_names(void)
{
	static const struct nfipsec_sa sa = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_OWNER), .owner = ROGUE,
	};
	static const struct nfipsec_policy pol = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_OWNER), .owner = ROGUE,
		.names = { .n = 1, .name = { ROGUE } },
	};

	rogue_lists(&sa, &pol);
	rogue_events(&sa, &pol);
	rogue_json(&sa, &pol);
}

void test_sa(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sas); i++)
		sa_case(&sas[i]);
	cli.family = 10;
	sa_case(&(struct object_case){
		ID "mode tunnel sel src any dst any " GCM,
		HEAD "0 mode tunnel\n\treplay-window 0 dir any state larval\n"
		GCM_OUT TAIL "\tsel src ::/0 dst ::/0\n", false });
	cli.family = 0;
	sa_json_case();
	sa_match_cases();
	event_case();
	acquire_case();
	rogue_names();
}
