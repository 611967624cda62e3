/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When user space is woken for what waits in the ring. It looks ten times a second by itself, which costs less than to
 * be woken for each record; a ring that nobody is woken up for fills up.
 *
 * Comes after the ring `events`.
 */
#pragma once

#include "types.h"

/* So much has to wait: a part of the ring, which user space sets. */
const volatile u64 wake_up_bytes = 256 * 1024;

static __always_inline u64 wake_up(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < wake_up_bytes ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}
