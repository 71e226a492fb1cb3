// SPDX-License-Identifier: GPL-2.0
/* help and version. */
#include <string.h>

#include "command.h"
#include "json.h"

#ifndef NFIPSEC_TOOLS_VERSION
#define NFIPSEC_TOOLS_VERSION "unknown"
#endif

static const char options[] =
	"  -j, --json         print JSON\n"
	"  -p, --pretty       JSON with line breaks\n"
	"  -4, -6             address family where the words do not tell\n"
	"  -b, --batch FILE   read commands, one a line; - is standard input\n"
	"      --explain      stats: say what each counter means\n"
	"      --check        apply: say what would change, and change nothing\n"
	"  -h, --help         this\n"
	"  -V, --version      version\n";

static const char selector[] =
	"SELECTOR := src S dst S [proto P [sport R] [dport R] |\n"
	"            proto icmp|ipv6-icmp [type T [code R]] | proto mh [type R]]\n"
	"            [iif DEV] [oif DEV] [vrf DEV] [mark N[/MASK]]\n"
	"S := A | A/PREFIXLEN | A-A | any, or up to 16 with commas between them\n"
	"P := tcp | udp | icmp | ipv6-icmp | ... | 1 to 255 | any | opaque\n"
	"R := N | N-N | any | opaque, or up to 16 with commas between them\n"
	"T := R, also with codes: TYPE/CODE | TYPE/CODE-CODE | TYPE/CODE-TYPE/CODE\n"
	"If neither address tells the family: 0.0.0.0/0, ::/0, or -4 or -6.\n";

static const char key[] =
	"NAME := the kernel's, such as 'rfc4106(gcm(aes))', or one of\n"
	"  aead:       aes128gcm16 aes128gcm12 aes128gcm8, the same with ccm, and\n"
	"              with 192 or 256 (ICVBITS 128 96 64); chacha20poly1305 (128)\n"
	"              aes128gmac aes192gmac aes256gmac (128, encrypt\n"
	"              nothing, also for proto ah)\n"
	"              with iiv at the end, but not gmac: implicit IV\n"
	"  enc:        aes128 aes192 aes256, aes128ctr aes192ctr aes256ctr,\n"
	"              camellia128 camellia192 camellia256, null (no KEY),\n"
	"              3des (after default weak on)\n"
	"  auth-trunc: sha1 aesxcbc aescmac (ICVBITS 96) sha256 (128)\n"
	"              sha384 (192) sha512 (256)\n"
	"KEY :=\n"
	"  0xHEX  on the command line; wiped from it at once, yet your shell's\n"
	"         history and whoever looks at the right moment may have it\n"
	"  @FILE  a file: 0x and hexadecimal if it begins with 0x, else raw bytes\n"
	"  -      a line of standard input, 0x and hexadecimal; each key its line\n"
	"A key ends with its salt, of 3 bytes for ccm, 4 for gcm, chacha20poly1305,\n"
	"gmac and ctr: 20 bytes for aes128gcm16, 19 for aes128ccm16.\n"
	"FLAG := esn | noecn | decap-dscp | nopmtudisc | iiv | align8 | icmp |\n"
	"        icmp-check | check-pad | seq-rollover\n";

static void indented(FILE *out, const char *text)
{
	for (; *text; text++) {
		fputc(*text, out);
		if (*text == '\n')
			fputs("        ", out);
	}
}

static bool help_command(FILE *out, const char *noun)
{
	const struct command *c;
	bool found = false;

	for (c = commands; c < commands + commands_len; c++) {
		if (strcmp(c->noun, noun))
			continue;
		found = true;
		fprintf(out, "%s%s%s%s", c->noun,
			c->verb ? " " : "", c->verb ? c->verb : "",
			c->words ? " " : "");
		if (c->words)
			indented(out, c->words);
		fprintf(out, "\n    %s\n", c->does);
	}
	return found;
}

/**
 * help_print() - print the overview
 * @out: where
 */
void help_print(FILE *out)
{
	const struct command *c;

	fputs("nfipsec [OPTION]... COMMAND: control of the nfipsec kernel module\n\n",
	      out);
	for (c = commands; c < commands + commands_len; c++)
		fprintf(out, "  %-8s %-9s %s\n", c->noun,
			c->verb ? c->verb : "", c->does);
	fprintf(out, "\nWithout a command: a summary of the state.\n\n%s\n",
		options);
	fputs("Details: nfipsec help sa|policy|default|stats|acquire|monitor|keep|features|algo|apply|save|selector|key,\nman nfipsec\n",
	      out);
}

/**
 * cmd_help() - help
 * @a: words, a topic or none
 *
 * Return: enum cli_result
 */
int cmd_help(struct args *a)
{
	const char *topic = args_next(a);
	int ret = args_end(a);

	if (!ret)
		ret = cli_no_json("help");
	if (ret)
		return ret;
	if (!topic) {
		help_print(cli.out);
		return CLI_OK;
	}
	if (!strcmp(topic, "selector")) {
		fputs(selector, cli.out);
		return CLI_OK;
	}
	if (!strcmp(topic, "key")) {
		fputs(key, cli.out);
		return CLI_OK;
	}
	if (!help_command(cli.out, topic))
		return cli_fail(CLI_USAGE, "no help about \"%s\", topics are: sa policy default stats acquire monitor keep features algo apply save selector key",
				cli_show(topic));
	return CLI_OK;
}

/**
 * cmd_version() - version
 * @a: words, none
 *
 * Return: enum cli_result
 */
int cmd_version(struct args *a)
{
	int ret = args_end(a);
	struct json_object *o;

	if (ret)
		return ret;
	if (!cli.json) {
		fprintf(cli.out, "nfipsec %s\n", NFIPSEC_TOOLS_VERSION);
		return CLI_OK;
	}
	o = json_new();
	json_text(o, "version", NFIPSEC_TOOLS_VERSION);
	json_print(o);
	return CLI_OK;
}
