/* The table of output formats, in the order the manual shows them; see report_format.h. */
#include "audit/report_format.h"

const struct report_format *const report_formats[] = {
    &report_terminal, &report_json,  &report_jsonl,      &report_html,
    &report_junit,    &report_sarif, &report_prometheus, NULL,
};

const struct report_format *report_format_find(struct str name)
{
    for (size_t i = 0; report_formats[i]; i++)
        if (str_eq(name, str_c(report_formats[i]->name)))
            return report_formats[i];
    return NULL;
}
