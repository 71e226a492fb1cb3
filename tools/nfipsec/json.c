// SPDX-License-Identifier: GPL-2.0
/*
 * Thin layer over json-c: what the printers need. Running out of memory while
 * printing ends the program, since half a document helps nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "arg.h"
#include "json.h"

static struct json_object *need(struct json_object *o)
{
	if (o)
		return o;
	fputs("nfipsec: out of memory\n", stderr);
	exit(CLI_FAILED);
}

/**
 * json_new() - an empty object
 *
 * Return: the object, the caller's
 */
struct json_object *json_new(void)
{
	return need(json_object_new_object());
}

/**
 * json_text() - add a string
 * @o: object
 * @name: key
 * @text: value
 */
void json_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, need(json_object_new_string(text)));
}

/**
 * json_number() - add a number
 * @o: object
 * @name: key
 * @value: value
 */
void json_number(struct json_object *o, const char *name, uint64_t value)
{
	json_object_object_add(o, name, need(json_object_new_uint64(value)));
}

/**
 * json_flag() - add true or false
 * @o: object
 * @name: key
 * @value: value
 */
void json_flag(struct json_object *o, const char *name, bool value)
{
	json_object_object_add(o, name, need(json_object_new_boolean(value)));
}

/**
 * json_child() - add an object or array
 * @o: object
 * @name: key
 * @child: value, taken over
 */
void json_child(struct json_object *o, const char *name,
		struct json_object *child)
{
	json_object_object_add(o, name, need(child));
}

/**
 * json_spi() - add an SPI, which people write in hexadecimal
 * @o: object
 * @spi: value
 */
void json_spi(struct json_object *o, uint32_t spi)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", spi);
	json_text(o, "spi", text);
}

/* Bytes of ASCII; of its control characters, json-c leaves the last one. */
static size_t plain(const char *text)
{
	size_t len = 0;

	while (text[len] > 0 && text[len] < 0x7f)
		len++;
	return len;
}

/* Of the control characters beyond, json-c leaves all, and what is no UTF-8. */
static void put(const char *text)
{
	size_t len, control;

	for (; *text; text += len) {
		len = plain(text);
		if (len) {
			fwrite(text, 1, len, cli.out);
			continue;
		}
		control = text_control(text);
		len = control ? control : text_char(text);
		if (!control)
			fwrite(text, 1, len, cli.out);
		else if (text_char(text))
			fprintf(cli.out, "\\u%04x",
				(unsigned char)text[control - 1]);
		else
			fputs("\\ufffd", cli.out);
	}
}

static void print(struct json_object *o)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (cli.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	put(json_object_to_json_string_ext(o, flags));
	json_object_put(o);
}

/**
 * json_print() - print a document
 * @o: object, given up
 */
void json_print(struct json_object *o)
{
	print(o);
	fputc('\n', cli.out);
}

/**
 * json_list_add() - print an entry
 * @list: array, zeroed before the first one
 * @o: object, given up
 */
void json_list_add(struct json_list *list, struct json_object *o)
{
	fputc(list->count++ ? ',' : '[', cli.out);
	if (cli.pretty)
		fputc('\n', cli.out);
	print(o);
}

/**
 * json_list_end() - end an array, which may be empty
 * @list: array
 */
void json_list_end(struct json_list *list)
{
	if (cli.pretty && list->count)
		fputc('\n', cli.out);
	fputs(list->count ? "]\n" : "[]\n", cli.out);
}
