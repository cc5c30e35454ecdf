// SPDX-License-Identifier: GPL-2.0
/*
 * The two lowpower sysctls of the original patch, for an unpatched kernel: per network namespace,
 * with the original's names, mode, defaults, ranges and errors, and without any effect on routing.
 * For tests of programs that read and write them. The weight takes any int, as the original's does.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/version.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#define EMA_K_DEFAULT		512
#define POWER_COST_DEFAULT	100

struct lowpower_stub {
	int ema_k_factor;
	int power_cost_weight;
	struct ctl_table *table;
	struct ctl_table_header *header;
};

static unsigned int lowpower_stub_id;
static int ema_k_min;
static int ema_k_max = 1024;

static const struct ctl_table lowpower_template[] = {
	{
		.procname	= "lowpower_ema_k_factor",
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= &ema_k_min,
		.extra2		= &ema_k_max,
	},
	{
		.procname	= "lowpower_power_cost_weight",
		.maxlen		= sizeof(int),
		.mode		= 0644,
		.proc_handler	= proc_dointvec,
	},
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	/* Tables had no length then, but an empty entry at their end. */
	{ }
#endif
};

static struct ctl_table_header *lowpower_register(struct net *net, struct ctl_table *table)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return register_net_sysctl(net, "net/ipv4", table);
#else
	return register_net_sysctl_sz(net, "net/ipv4", table, ARRAY_SIZE(lowpower_template));
#endif
}

static int __net_init lowpower_stub_init_net(struct net *net)
{
	struct lowpower_stub *stub = net_generic(net, lowpower_stub_id);

	stub->ema_k_factor = EMA_K_DEFAULT;
	stub->power_cost_weight = POWER_COST_DEFAULT;
	stub->table = kmemdup(lowpower_template, sizeof(lowpower_template), GFP_KERNEL);
	if (!stub->table)
		return -ENOMEM;
	stub->table[0].data = &stub->ema_k_factor;
	stub->table[1].data = &stub->power_cost_weight;
	stub->header = lowpower_register(net, stub->table);
	if (!stub->header) {
		kfree(stub->table);
		return -ENOMEM;
	}
	return 0;
}

static void __net_exit lowpower_stub_exit_net(struct net *net)
{
	struct lowpower_stub *stub = net_generic(net, lowpower_stub_id);

	unregister_net_sysctl_table(stub->header);
	kfree(stub->table);
}

static struct pernet_operations lowpower_stub_ops = {
	.init = lowpower_stub_init_net,
	.exit = lowpower_stub_exit_net,
	.id = &lowpower_stub_id,
	.size = sizeof(struct lowpower_stub),
};

static int __init lowpower_stub_init(void)
{
	return register_pernet_subsys(&lowpower_stub_ops);
}

static void __exit lowpower_stub_exit(void)
{
	unregister_pernet_subsys(&lowpower_stub_ops);
}

module_init(lowpower_stub_init);
module_exit(lowpower_stub_exit);

MODULE_DESCRIPTION("The lowpower sysctls without their effect, for tests");
MODULE_LICENSE("GPL");
