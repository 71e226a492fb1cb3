/* SPDX-License-Identifier: GPL-2.0 */
/* Thin layer over json-c: what the printers need. */
#ifndef NFIPSEC_JSON_H
#define NFIPSEC_JSON_H

#include <json-c/json.h>

#include "cli.h"

/**
 * struct json_list - an array that is printed while it grows
 * @count: objects so far
 */
struct json_list {
	unsigned int count;
};

struct json_object *json_new(void);
void json_text(struct json_object *o, const char *name, const char *text);
void json_number(struct json_object *o, const char *name, uint64_t value);
void json_flag(struct json_object *o, const char *name, bool value);
void json_child(struct json_object *o, const char *name,
		struct json_object *child);
void json_spi(struct json_object *o, uint32_t spi);

void json_print(struct json_object *o);
void json_list_add(struct json_list *list, struct json_object *o);
void json_list_end(struct json_list *list);

#endif
