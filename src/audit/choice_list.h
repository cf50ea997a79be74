/* Values of one kind (groups, signature algorithms) that a walk offers, hello after hello, and the
 * server chooses from. What was chosen moves behind what was not, so that a server which goes by the
 * client's order shows another each time, and never runs out of all. A server which chooses the same
 * again goes by its own order: from then on what it has chosen is left out. Pure. */
#ifndef AUDIT_CHOICE_LIST_H
#define AUDIT_CHOICE_LIST_H

#include "audit/tls_facts.h"

struct choice_list {
    uint16_t v[GROUPS_MAX];
    size_t n;        /* offered: v[0 .. n) */
    size_t fresh;    /* v[0 .. fresh) was never chosen */
    bool rotates;    /* what is chosen goes to the end, not away */
    bool missing;    /* something that was chosen is no longer offered */
    bool by_order;   /* a fresh one was chosen though one behind it had been */
    bool exhausted;  /* a server that goes by our order passed over all that is fresh */
};

void choice_list_init(struct choice_list *l, struct u16_list all, bool rotates);
/* The server has v, whatever else it was offered; 0 or one that is not fresh: nothing changes. */
void choice_list_drop(struct choice_list *l, uint16_t v);
/* Likewise, and `offered` is what it chose from: says something of its order if that is what the
 * list has come to, and nothing if it is of another time or of another lane. */
void choice_list_choose(struct choice_list *l, uint16_t v, struct u16_list offered);
/* Nothing that was chosen is missing from what is offered: a refusal is not for want of it. */
bool choice_list_whole(const struct choice_list *l);

#endif
