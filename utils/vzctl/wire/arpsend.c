/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arpsend: ARP by hand. Tell the neighbours who has an address, ask whether anybody has one, or send any
 * request or reply.
 *
 * A round sends a frame about each target; COUNT rounds are SEC seconds apart, and where answers matter
 * they are waited for until SEC seconds after the last.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/macros.h"
#include "base/proc.h"
#include "wire/wire.h"

#define MAX_TARGETS 256
#define MAX_NUMBER 1000000

enum { ARP_DUPLICATE = 3, ARP_SILENCE = 4 };

/* What the first letter stands for. */
static const struct mode {
	char letter;
	unsigned short operation;
	bool needs_source, needs_target;
	bool anonymous;		/* asks without saying who asks: nobody is to learn anything from that */
	bool listens;
	int if_answered, if_not;	/* exit codes */
} modes[] = {
	/*   letter  operation      source target anonymous listens  answered       not */
	{ 'U', ARPOP_REQUEST, true,  false, false,    false,   WIRE_OK,       WIRE_OK },
	{ 'D', ARPOP_REQUEST, false, true,  true,     true,    ARP_DUPLICATE, WIRE_OK },
	{ 'Q', ARPOP_REQUEST, false, true,  false,    true,    WIRE_OK,       ARP_SILENCE },
	{ 'P', ARPOP_REPLY,   true,  true,  false,    false,   WIRE_OK,       WIRE_OK },
};

struct mac {
	bool set;
	unsigned char bytes[WIRE_MAC_LEN];
};

struct call {
	const struct mode *mode;
	struct mac from, to;			/* of the frame */
	struct mac sender, target;		/* of what it says */
	struct in_addr source;
	bool source_set;
	struct in_addr targets[MAX_TARGETS];
	size_t n_targets;
	const char *ipv6;			/* an address of that kind, as it was given */
	long count, seconds;
	bool at_once, verbose;
	const char *device;
};

/* ---- the command line ---- */

static const struct option options[] = {
	{ .name = "update",  .val = 'U' },
	{ .name = "detect",  .val = 'D' },
	{ .name = "request", .val = 'Q' },
	{ .name = "reply",   .val = 'P' },
	{ .name = "count",   .val = 'c', .has_arg = required_argument },
	{ .name = "timeout", .val = 'w', .has_arg = required_argument },
	{ .name = "src-hw",  .val = 's', .has_arg = required_argument },
	{ .name = "trg-hw",  .val = 't', .has_arg = required_argument },
	{ .name = "src-arp", .val = 'S', .has_arg = required_argument },
	{ .name = "trg-arp", .val = 'T', .has_arg = required_argument },
	{ .name = "src-ip",  .val = 'i', .has_arg = required_argument },
	{ .name = "trg-ip",  .val = 'e', .has_arg = required_argument },
	{ .name = "at-once", .val = 'o' },
	{ .name = "verbose", .val = 'v' },
	{ .name = "help",    .val = 'h' },
	{ 0 }
};

static int print_usage(FILE *f)
{
	(void)fprintf(f,
		"Usage: arpsend -U -i SRC [OPTION...] DEVICE           tell everybody who has SRC\n"
		"       arpsend -D -e TRG [-e TRG...] [OPTION...] DEVICE  does somebody have TRG?\n"
		"       arpsend -Q -e TRG [OPTION...] DEVICE           ask for TRG\n"
		"       arpsend -P -i SRC -e TRG [OPTION...] DEVICE    reply to TRG that SRC is here\n\n"
		"  -c, --count N       so many times (1)\n"
		"  -w, --timeout SEC   seconds from one to the next, and to wait for answers (1)\n"
		"  -o, --at-once       do not wait for more than one answer\n"
		"  -s, --src-hw MAC    the frame comes from MAC\n"
		"  -t, --trg-hw MAC    the frame goes to MAC\n"
		"  -S, --src-arp MAC   the sender has MAC\n"
		"  -T, --trg-arp MAC   the target has MAC\n"
		"  -i, --src-ip IP     address of the sender\n"
		"  -e, --trg-ip IP     address of the target\n"
		"  -v, --verbose       say what is sent\n");
	return WIRE_USAGE;
}

static int refuse(const char *what, const char *word)
{
	(void)fprintf(stderr, "arpsend: %s: '%s'\n", what, word);
	return -1;
}

static int parse_mac(const char *word, struct mac *ret)
{
	struct ether_addr *a = ether_aton(word);

	if (!a)
		return refuse("no Ethernet address", word);
	memcpy(ret->bytes, a, WIRE_MAC_LEN);
	ret->set = true;
	return 0;
}

static int parse_number(const char *word, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(word, &end, 10);
	return errno || end == word || *end || *ret < 1 || *ret > MAX_NUMBER ? refuse("bad number", word) : 0;
}

static int parse_ip(struct call *c, const char *word, struct in_addr *ret)
{
	struct in6_addr six;

	if (inet_pton(AF_INET6, word, &six) == 1) {
		c->ipv6 = word;
		return 0;
	}
	return inet_pton(AF_INET, word, ret) == 1 ? 0 : refuse("no address", word);
}

static int add_target(struct call *c, const char *word)
{
	if (c->n_targets == MAX_TARGETS)
		return refuse("too many targets", word);
	return parse_ip(c, word, &c->targets[c->n_targets++]);
}

static int choose_mode(struct call *c, char letter)
{
	char word[] = { letter, '\0' };

	if (c->mode)
		return refuse("only one of -U, -D, -Q and -P", word);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].letter == letter)
			c->mode = &modes[i];
	return 0;
}

static int take_option(struct call *c, int o)
{
	switch (o) {
	case 'U': case 'D': case 'Q': case 'P':
		return choose_mode(c, (char)o);
	case 'c': return parse_number(optarg, &c->count);
	case 'w': return parse_number(optarg, &c->seconds);
	case 's': return parse_mac(optarg, &c->from);
	case 't': return parse_mac(optarg, &c->to);
	case 'S': return parse_mac(optarg, &c->sender);
	case 'T': return parse_mac(optarg, &c->target);
	case 'e': return add_target(c, optarg);
	case 'i':
		c->source_set = true;
		return parse_ip(c, optarg, &c->source);
	case 'o':
		c->at_once = true;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	default:
		return -1;
	}
}

static int parse_line(struct call *c, int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "UDQPc:w:s:t:S:T:i:e:ovh", options, NULL)) != -1)
		if (take_option(c, o) < 0)
			return -1;
	if (optind != argc - 1 || !c->mode)
		return -1;
	c->device = argv[optind];
	if ((c->mode->needs_source && !c->source_set) || (c->mode->needs_target && !c->n_targets))
		return -1;
	if (c->ipv6 && c->mode->letter != 'U')
		return refuse("only -U knows IPv6", c->ipv6);
	return 0;
}

/* ---- frames ---- */

static const unsigned char *mac_or(const struct mac *m, const unsigned char *otherwise)
{
	return m->set ? m->bytes : otherwise;
}

static void make(struct frame_arp *f, const struct call *c, const struct wire *w, struct in_addr target)
{
	const struct frame_arp_words words = {
		.operation = c->mode->operation,
		.from = mac_or(&c->from, w->mac),
		.to = mac_or(&c->to, frame_everybody),
		.sender = mac_or(&c->sender, w->mac),
		.target = mac_or(&c->target, frame_nobody),
		.sender_ip = c->source,
		.target_ip = target,
	};

	frame_make_arp(f, &words);
}

static int send_round(const struct call *c, const struct wire *w)
{
	for (size_t i = 0; i < c->n_targets; i++) {
		char target[INET_ADDRSTRLEN], source[INET_ADDRSTRLEN];
		struct frame_arp f;

		make(&f, c, w, c->targets[i]);
		if (wire_send(w, &f, sizeof(f)) < 0)
			return -1;
		if (c->verbose)
			printf("%s: %s of %s for %s\n", w->device, c->mode->operation == ARPOP_REPLY ? "reply" : "request",
			       inet_ntop(AF_INET, &c->source, source, sizeof(source)),
			       inet_ntop(AF_INET, &c->targets[i], target, sizeof(target)));
	}
	return 0;
}

/* Does the frame say that somebody else has a target? Asked for duplicates, a request says so as well. */
static bool is_answer(const struct call *c, const struct wire *w, const struct frame_arp *f)
{
	if (f->arp.arp_hrd != htons(ARPHRD_ETHER) || f->arp.arp_pro != htons(ETHERTYPE_IP) ||
	    f->arp.arp_hln != WIRE_MAC_LEN || f->arp.arp_pln != sizeof(struct in_addr))
		return false;
	if (memcmp(f->arp.arp_sha, mac_or(&c->sender, w->mac), WIRE_MAC_LEN) == 0)
		return false;
	if (!c->mode->anonymous && f->arp.arp_op != htons(ARPOP_REPLY))
		return false;
	for (size_t i = 0; i < c->n_targets; i++)
		if (memcmp(f->arp.arp_spa, &c->targets[i], sizeof(c->targets[i])) == 0)
			return true;
	return false;
}

static void print_answer(const struct call *c, const struct frame_arp *f)
{
	const unsigned char *m = f->arp.arp_sha;
	char address[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, f->arp.arp_spa, address, sizeof(address));
	printf("arpsend: %s is %s %02x:%02x:%02x:%02x:%02x:%02x\n", address,
	       c->mode->anonymous ? "detected on another computer :" : "at", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* Until the time is over, or the first answer where one is enough. The number of answers, or -1. */
static int listen_for_answers(const struct call *c, const struct wire *w)
{
	usec_t end = now_usec() + (usec_t)c->seconds * USEC_PER_SEC;
	int answers = 0;

	for (usec_t now = now_usec(); now < end && !(answers && c->at_once); now = now_usec()) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		struct frame_arp f;
		ssize_t n;

		if (poll(&p, 1, (int)((end - now + 999) / 1000)) <= 0)
			continue;
		n = recvfrom(w->fd, &f, sizeof(f), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			(void)refuse(strerror(errno), w->device);
			return -1;
		}
		if (n != sizeof(f) || from.sll_pkttype == PACKET_OUTGOING || !is_answer(c, w, &f))
			continue;
		print_answer(c, &f);
		answers++;
	}
	return answers;
}

/* ---- the program ---- */

/* IPv6 has no ARP; the one thing that is the same there is another program's. */
static int run_ndsend(const struct call *c)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("ndsend"));
	char *name;

	if (n > 0) {
		path[n] = '\0';
		name = strrchr(path, '/');
		(void)memcpy(name ? name + 1 : path, "ndsend", sizeof("ndsend"));
		(void)execl(path, "ndsend", c->ipv6, c->device, (char *)NULL);
	}
	(void)fprintf(stderr, "arpsend: ndsend, for IPv6: %s\n", strerror(errno));
	return WIRE_SYSTEM;
}

/* Who asks: the address that was given, else the device's own if it has one. */
static void choose_source(struct call *c, const struct wire *w)
{
	struct ifreq ifr = { .ifr_addr.sa_family = AF_INET };
	auto_close int fd = -1;

	if (c->source_set || c->mode->anonymous)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", w->device);
	if (fd >= 0 && ioctl(fd, SIOCGIFADDR, &ifr) == 0)
		c->source = ((struct sockaddr_in *)(void *)&ifr.ifr_addr)->sin_addr;
}

static int run(struct call *c)
{
	auto_wire struct wire w = { .fd = -1 };
	int answers = 0;

	if (wire_open(c->device, ETHERTYPE_ARP, &w) < 0)
		return WIRE_SYSTEM;
	choose_source(c, &w);
	for (long i = 0; i < c->count && !(answers && c->at_once); i++) {
		int n = 0;

		if (i && !c->mode->listens)
			(void)sleep((unsigned int)c->seconds);
		if (send_round(c, &w) < 0)
			return WIRE_SYSTEM;
		if (c->mode->listens)
			n = listen_for_answers(c, &w);
		if (n < 0)
			return WIRE_SYSTEM;
		answers += n;
	}
	return answers ? c->mode->if_answered : c->mode->if_not;
}

int main(int argc, char **argv)
{
	struct call c = { .count = 1, .seconds = 1 };

	if (parse_line(&c, argc, argv) < 0)
		return print_usage(stderr);
	if (c.ipv6)
		return run_ndsend(&c);
	/* Of an announcement, who says it and who it is about are the same. */
	if (!c.n_targets)
		c.targets[c.n_targets++] = c.source;
	return run(&c);
}
