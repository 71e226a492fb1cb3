// SPDX-License-Identifier: GPL-2.0
/* Words of a command line, and tables that say what they mean. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arg.h"

const struct choice choice_mode[] = {
	{ "transport", NFIPSEC_MODE_TRANSPORT },
	{ "tunnel", NFIPSEC_MODE_TUNNEL },
	{ "beet", NFIPSEC_MODE_BEET },
	{}
};

const struct choice choice_dir[] = {
	{ "in", NFIPSEC_DIR_IN },
	{ "out", NFIPSEC_DIR_OUT },
	{ "any", NFIPSEC_DIR_ANY },
	{}
};

const struct choice choice_state[] = {
	{ "larval", NFIPSEC_SA_STATE_LARVAL },
	{ "mature", NFIPSEC_SA_STATE_MATURE },
	{}
};

/**
 * args_peek() - the next word
 * @a: words
 *
 * Return: the word, NULL at the end
 */
const char *args_peek(const struct args *a)
{
	return a->pos < a->argc ? a->argv[a->pos] : NULL;
}

/**
 * args_next() - take the next word
 * @a: words
 *
 * Return: the word, NULL at the end
 */
char *args_next(struct args *a)
{
	return a->pos < a->argc ? a->argv[a->pos++] : NULL;
}

/**
 * args_value() - take the value that must follow a keyword
 * @a: words
 * @word: the keyword
 *
 * Return: the value, or NULL after cli_fail()
 */
char *args_value(struct args *a, const char *word)
{
	char *value = args_next(a);

	if (!value)
		cli_fail(CLI_USAGE, "a value must follow \"%s\"", word);
	return value;
}

/**
 * args_end() - make sure that nothing follows
 * @a: words
 *
 * Return: enum cli_result
 */
int args_end(struct args *a)
{
	const char *word = args_peek(a);

	if (!word)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "\"%s\" is too much here: leave it out",
			cli_show(word));
}

static const struct word *word_find(const char *text, const struct word *words,
				    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i].name, text))
			return &words[i];
	return NULL;
}

static int word_unknown(const char *text, const struct word *words, size_t n)
{
	char known[512] = "";
	size_t len = 0;
	size_t i;

	for (i = 0; i < n && len < sizeof(known); i++)
		len += snprintf(known + len, sizeof(known) - len, " %s",
				words[i].name);
	return cli_fail(CLI_USAGE, "unknown word \"%s\", known here are:%s",
			cli_show(text), known);
}

/**
 * words_parse() - read words as a table says
 * @a: words
 * @words: table
 * @n: its length, at most 64
 * @obj: what the table's offsets refer to
 * @greedy: stop at the first unknown word instead of refusing it
 *
 * Return: enum cli_result
 */
int words_parse(struct args *a, const struct word *words, size_t n, void *obj,
		bool greedy)
{
	const struct word *w;
	uint64_t seen = 0;
	uint64_t bit;
	int ret;

	while (args_peek(a)) {
		w = word_find(args_peek(a), words, n);
		if (!w && greedy)
			return CLI_OK;
		if (!w)
			return word_unknown(args_peek(a), words, n);
		bit = UINT64_C(1) << (w - words);
		if ((seen & bit) && !w->again)
			return cli_fail(CLI_USAGE, "\"%s\" is given twice",
					w->name);
		seen |= bit;
		args_next(a);
		ret = w->parse(a, (char *)obj + w->obj, w);
		if (ret)
			return ret;
	}
	return CLI_OK;
}

/**
 * number_parse() - read a number, decimal or 0x hexadecimal
 * @text: as typed
 * @what: what it is, for errors
 * @max: highest value allowed
 * @value: result
 *
 * Stricter than strtoull(): no sign, no space, no octal, nothing behind.
 *
 * Return: enum cli_result
 */
int number_parse(const char *text, const char *what, uint64_t max,
		 uint64_t *value)
{
	bool hex = !strncmp(text, "0x", 2);
	const char *digits = hex ? text + 2 : text;
	const char *set = hex ? "0123456789abcdefABCDEF" : "0123456789";

	if (!*digits || digits[strspn(digits, set)])
		return cli_fail(CLI_USAGE, "%s \"%s\" is no number: write it in decimal or as 0x and hexadecimal",
				what, cli_show(text));
	errno = 0;
	*value = strtoull(digits, NULL, hex ? 16 : 10);
	if (errno || *value > max)
		return cli_fail(CLI_USAGE, "%s %s is too large: at most %llu",
				what, cli_show(text), (unsigned long long)max);
	return CLI_OK;
}

/**
 * choice_parse() - read one of a few names
 * @text: as typed
 * @what: what it is, for errors
 * @choices: the names
 * @value: result
 *
 * Return: enum cli_result
 */
int choice_parse(const char *text, const char *what,
		 const struct choice *choices, unsigned int *value)
{
	const struct choice *c;
	char known[128] = "";
	size_t len = 0;

	for (c = choices; c->name; c++) {
		if (!strcmp(c->name, text)) {
			*value = c->value;
			return CLI_OK;
		}
		if (len < sizeof(known))
			len += snprintf(known + len, sizeof(known) - len,
					" %s", c->name);
	}
	return cli_fail(CLI_USAGE, "unknown %s \"%s\", use one of:%s", what,
			cli_show(text), known);
}

/**
 * choice_name() - name of a value
 * @choices: the names
 * @value: value
 *
 * Return: the name, "?" if this version does not know the value
 */
const char *choice_name(const struct choice *choices, unsigned int value)
{
	const struct choice *c;

	for (c = choices; c->name; c++)
		if (c->value == value)
			return c->name;
	return "?";
}

/**
 * choice_known() - whether a value has a name
 * @choices: the names
 * @value: value
 *
 * Return: whether it has
 */
bool choice_known(const struct choice *choices, unsigned int value)
{
	const struct choice *c;

	for (c = choices; c->name; c++)
		if (c->value == value)
			return true;
	return false;
}

/**
 * choice_bits_known() - whether each bit that is set has a name
 * @choices: the names, of a bit each
 * @bits: bits
 *
 * Return: whether it has
 */
bool choice_bits_known(const struct choice *choices, unsigned int bits)
{
	const struct choice *c;

	for (c = choices; c->name; c++)
		bits &= ~c->value;
	return !bits;
}

/**
 * has_set() - note that a member holds something
 * @obj: structure of libnfipsec, its mask first
 * @attr: attribute of the member
 */
void has_set(void *obj, unsigned int attr)
{
	*(uint64_t *)obj |= NFIPSEC_HAS(attr);
}

/**
 * has_get() - whether a member holds something
 * @obj: structure of libnfipsec, its mask first
 * @attr: attribute of the member
 *
 * Return: whether it does
 */
bool has_get(const void *obj, unsigned int attr)
{
	return *(const uint64_t *)obj & NFIPSEC_HAS(attr);
}

/**
 * word_set() - nothing follows: the keyword stands for itself
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: CLI_OK
 */
int word_set(struct args *a, void *obj, const struct word *w)
{
	(void)a;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_number(struct args *a, const struct word *w, uint64_t max,
		       uint64_t *value)
{
	const char *text = args_value(a, w->name);

	if (!text)
		return CLI_USAGE;
	return number_parse(text, w->name, w->max ? w->max : max, value);
}

/**
 * word_u32() - a 32 bit number follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_u32(struct args *a, void *obj, const struct word *w)
{
	uint64_t value;
	int ret;

	ret = word_number(a, w, UINT32_MAX, &value);
	if (ret)
		return ret;
	*(uint32_t *)((char *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

/**
 * word_u64() - a 64 bit number follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_u64(struct args *a, void *obj, const struct word *w)
{
	uint64_t value;
	int ret;

	ret = word_number(a, w, UINT64_MAX, &value);
	if (ret)
		return ret;
	if (has_get(obj, w->attr))
		return cli_fail(CLI_USAGE, "\"%s\" is given twice, once by another name",
				w->name);
	*(uint64_t *)((char *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_choice(struct args *a, void *obj, const struct word *w,
		       const struct choice *choices)
{
	const char *text = args_value(a, w->name);
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, w->name, choices, &value);
	if (ret)
		return ret;
	*((uint8_t *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

/**
 * word_mode() - an IPsec mode follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_mode(struct args *a, void *obj, const struct word *w)
{
	return word_choice(a, obj, w, choice_mode);
}

/**
 * word_dir() - a direction follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_dir(struct args *a, void *obj, const struct word *w)
{
	return word_choice(a, obj, w, choice_dir);
}

/**
 * word_state() - a state of an SA follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_state(struct args *a, void *obj, const struct word *w)
{
	return word_choice(a, obj, w, choice_state);
}

/* Bytes that follow the first one of a character, which @c is; 0 for others. */
static size_t utf8_more(unsigned char c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : 0;
}

/**
 * text_char() - the character that a text begins with
 * @text: text, not empty
 *
 * Return: its bytes in UTF-8, 0 if the text begins with something else
 */
size_t text_char(const char *text)
{
	const unsigned char *c = (const void *)text;
	size_t more = utf8_more(*c);
	size_t i;

	if (*c < 0x80)
		return 1;
	/* What is longer than needed, a surrogate, or beyond U+10FFFF. */
	if (!more || (c[0] == 0xe0 && c[1] < 0xa0) ||
	    (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
	    (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	for (i = 1; i <= more; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

/**
 * text_control() - whether a text begins with what a line cannot hold
 * @text: text, not empty
 *
 * Return: bytes of the control character that it begins with, or 1 if that is no
 * UTF-8; 0 if it begins with another character or a tab
 */
size_t text_control(const char *text)
{
	const unsigned char *c = (const void *)text;

	if ((c[0] < ' ' && c[0] != '\t') || c[0] == 0x7f || !text_char(text))
		return 1;
	/* U+0080 to U+009F: they too begin what a terminal does. */
	return c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f ? 2 : 0;
}

/**
 * text_is_plain() - whether a line can hold a text
 * @text: text
 *
 * Return: whether it is UTF-8 and has no control characters other than tabs
 */
bool text_is_plain(const char *text)
{
	while (*text && !text_control(text))
		text += text_char(text);
	return !*text;
}

/**
 * text_check() - whether a name can be told in one line
 * @text: name
 * @what: what it is, for errors
 *
 * Return: enum cli_result
 */
int text_check(const char *text, const char *what)
{
	const char *c;

	for (c = text; *c; c += text_char(c))
		if (!text_char(c))
			return cli_fail(CLI_USAGE, "%s: the name is not UTF-8",
					what);
	if (text_is_plain(text))
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s: there is a control character in the name",
			what);
}

/**
 * text_put_one() - print a character of what another program may have named
 * @out: where
 * @text: text, not empty
 *
 * Return: what is behind it
 */
const char *text_put_one(FILE *out, const char *text)
{
	size_t control = text_control(text);
	size_t len = control ? control : text_char(text);

	if (control)
		fputc('?', out);
	else
		fwrite(text, 1, len, out);
	return text + len;
}

/**
 * text_put() - print what another program may have named
 * @out: where
 * @before: words that stand before it
 * @text: text
 *
 * Who may give names, in a container too, shall not write to the terminals of
 * those who look: control characters are told as question marks, and so is what
 * is no UTF-8, which may be some in another terminal.
 */
void text_put(FILE *out, const char *before, const char *text)
{
	fputs(before, out);
	while (*text)
		text = text_put_one(out, text);
}

/**
 * text_put_word() - print a name as a word that is read again
 * @out: where
 * @word: name
 *
 * Quotes join as in a shell. What no line can hold is of another program, and
 * becomes a question mark.
 */
void text_put_word(FILE *out, const char *word)
{
	bool bare = *word && !strpbrk(word, " \t#'\"");
	char quote = strchr(word, '"') ? '\'' : '"';

	if (!bare)
		fputc(quote, out);
	while (*word) {
		if (!bare && *word == quote) {
			fputs("'\"'\"'", out);
			word++;
		} else {
			word = text_put_one(out, word);
		}
	}
	if (!bare)
		fputc(quote, out);
}

/**
 * word_owner() - the name of an owner follows, of what there is
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Another program may have called itself what no line can hold.
 *
 * Return: enum cli_result
 */
int word_owner(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);

	if (!text)
		return CLI_USAGE;
	if (!*text || strlen(text) > OWNER_MAX)
		return cli_fail(CLI_USAGE, "%s: a name of 1 to %d bytes, not \"%s\"",
				w->name, OWNER_MAX, cli_show(text));
	strcpy((char *)obj + w->off, text);
	has_set(obj, w->attr);
	return CLI_OK;
}

/**
 * word_new_owner() - the name of an owner follows, of what is made
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_new_owner(struct args *a, void *obj, const struct word *w)
{
	int ret = word_owner(a, obj, w);

	return ret ? ret : text_check((char *)obj + w->off, w->name);
}
