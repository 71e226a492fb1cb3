// SPDX-License-Identifier: GPL-2.0-only
/* See udpsa.h. */
#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "net.h"
#include "udpsa.h"
#include "work.h"

/**
 * struct port - a UDP port of this host on which ESP is received
 * @node: in a chain of nfipsec_udpsa.ports
 * @rcu: for kfree_rcu()
 * @users: SAs that name it, config lock
 * @leaving: of these, how many go with the next generation, config lock
 * @born: generation from which on it is there, constant
 * @died: generation from which on it is not; config lock, lockless readers
 * @port: network byte order
 * @family: AF_INET or AF_INET6
 */
struct port {
	struct hlist_node node;
	struct rcu_head rcu;
	u32 users;
	u32 leaving;
	u64 born;
	atomic64_t died;
	__be16 port;
	u8 family;
};

static unsigned int hash(__be16 port)
{
	return ntohs(port) & ((1 << NFIPSEC_UDPSA_BITS) - 1);
}

static struct port *find(const struct nfipsec_udpsa *u, u8 family, __be16 port)
{
	struct port *p;

	hlist_for_each_entry_rcu(p, &u->ports[hash(port)], node, true)
		if (p->port == port && p->family == family)
			return p;
	return NULL;
}

/**
 * nfipsec_udpsa_init() - prepare a namespace
 * @nn: the namespace, not yet known to any packet
 * @work: sends keepalives; @nn->udpsa.work is cancelled by the caller once no
 *	request can arm it any more
 *
 * Context: process context.
 */
void nfipsec_udpsa_init(struct nfipsec_net *nn, work_func_t work)
{
	struct nfipsec_udpsa *u = &nn->udpsa;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(u->ports); i++)
		INIT_HLIST_HEAD(&u->ports[i]);
	INIT_LIST_HEAD(&u->keepalive);
	INIT_DELAYED_WORK(&u->work, work);
}

/**
 * nfipsec_udpsa_port() - may UDP for this port be ESP?
 * @nn: the namespace
 * @family: AF_INET or AF_INET6
 * @port: destination port, network byte order
 *
 * Context: under rcu_read_lock().
 * Return: true if an SA with encapsulation receives on it.
 */
bool nfipsec_udpsa_port(const struct nfipsec_net *nn, u8 family, __be16 port)
{
	u64 gen = nfipsec_net_gen(nn);
	const struct port *p;

	if (!READ_ONCE(nn->udpsa.count))
		return false;
	p = find(&nn->udpsa, family, port);
	return p && p->born <= gen && gen < (u64)atomic64_read(&p->died);
}

static bool receives(const struct nfipsec_sa *sa)
{
	return sa->encap.type && sa->dir != NFIPSEC_DIR_OUT;
}

/* It goes with the last of its SAs. */
static void settle(const struct nfipsec_net *nn, struct port *p)
{
	atomic64_set(&p->died, p->leaving == p->users ?
		     atomic64_read(&nn->gen) + 1 : S64_MAX);
}

static int port_get(struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	struct nfipsec_udpsa *u = &nn->udpsa;
	struct port *p = find(u, sa->key.family, sa->encap.dport);

	if (!p) {
		p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
		if (!p)
			return -ENOMEM;
		p->port = sa->encap.dport;
		p->family = sa->key.family;
		p->born = atomic64_read(&nn->gen) + 1;
		atomic64_set(&p->died, S64_MAX);
		hlist_add_head_rcu(&p->node, &u->ports[hash(p->port)]);
		WRITE_ONCE(u->count, u->count + 1);
	}
	p->users++;
	settle(nn, p);
	return 0;
}

static void port_put(struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	struct nfipsec_udpsa *u = &nn->udpsa;
	struct port *p = find(u, sa->key.family, sa->encap.dport);

	if (WARN_ON_ONCE(!p))
		return;
	p->leaving -= nfipsec_sa_leaves(sa);
	if (--p->users) {
		/* Those that stay, and perhaps came while this one left. */
		if (!nfipsec_sa_leaves(sa))
			settle(nn, p);
		return;
	}
	WRITE_ONCE(u->count, u->count - 1);
	hlist_del_rcu(&p->node);
	kfree_rcu(p, rcu);
}

/**
 * nfipsec_udpsa_arm() - see that keepalives are looked after in time
 * @nn: the namespace
 * @when: jiffies
 *
 * Context: under nn->lock.
 */
void nfipsec_udpsa_arm(struct nfipsec_net *nn, unsigned long when)
{
	struct nfipsec_udpsa *u = &nn->udpsa;
	unsigned long now = jiffies;

	lockdep_assert_held(&nn->lock);
	if (delayed_work_pending(&u->work) && !time_before(when, u->next))
		return;
	u->next = when;
	mod_delayed_work(nfipsec_work_queue, &u->work,
			 time_after(when, now) ? when - now : 0);
}

/**
 * nfipsec_udpsa_add() - an SA comes into the SAD
 * @nn: the namespace
 * @sa: any SA, not yet visible
 *
 * Context: process context under nn->lock.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_udpsa_add(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	int err;

	lockdep_assert_held(&nn->lock);
	err = receives(sa) ? port_get(nn, sa) : 0;
	if (err || !sa->encap.keepalive)
		return err;
	sa->last_sent = jiffies;
	list_add(&sa->keepalive_node, &nn->udpsa.keepalive);
	nfipsec_udpsa_arm(nn, jiffies + sa->encap.keepalive * HZ);
	return 0;
}

/**
 * nfipsec_udpsa_del() - an SA leaves the SAD, or did not get into it
 * @nn: the namespace
 * @sa: given to nfipsec_udpsa_add() before
 *
 * Context: process context under nn->lock. No keepalive is sent for it
 * afterwards.
 */
void nfipsec_udpsa_del(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	lockdep_assert_held(&nn->lock);
	if (receives(sa))
		port_put(nn, sa);
	if (sa->encap.keepalive)
		list_del(&sa->keepalive_node);
}

/**
 * nfipsec_udpsa_leave() - an SA leaves the SAD with the next generation
 * @nn: the namespace
 * @sa: in the SAD, then for nfipsec_udpsa_del()
 *
 * Context: under nn->lock.
 */
void nfipsec_udpsa_leave(struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	struct port *p;

	lockdep_assert_held(&nn->lock);
	if (!receives(sa))
		return;
	p = find(&nn->udpsa, sa->key.family, sa->encap.dport);
	p->leaving++;
	settle(nn, p);
}

/**
 * nfipsec_udpsa_stay() - undo nfipsec_udpsa_leave()
 * @nn: the namespace
 * @sa: in the SAD
 *
 * Context: under nn->lock.
 */
void nfipsec_udpsa_stay(struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	struct port *p;

	lockdep_assert_held(&nn->lock);
	if (!receives(sa))
		return;
	p = find(&nn->udpsa, sa->key.family, sa->encap.dport);
	p->leaving--;
	settle(nn, p);
}
