// Command heap allocates from several threads in all ways of C, gives some of it to other threads, and checks that
// nobody else wrote to what it holds. It ends with status 1 and a sentence where something is wrong.
package main

// #define _GNU_SOURCE
// #include <errno.h>
// #include <malloc.h>
// #include <pthread.h>
// #include <stdint.h>
// #include <stdio.h>
// #include <stdlib.h>
// #include <string.h>
//
// enum { threads = 4, rounds = 20000, held = 64 };
//
// typedef struct { unsigned char *p; size_t n; unsigned char mark; } piece;
// static piece handed[threads][held]; // to the next thread, which frees it
// static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// static const char *failure;
//
// static void fail(const char *what) { __atomic_store_n(&failure, what, __ATOMIC_RELAXED); }
//
// static void check_and_free(piece x) {
// 	if (x.p == NULL) return;
// 	if (malloc_usable_size(x.p) < x.n) fail("less memory than was asked for");
// 	for (size_t i = 0; i < x.n; i += x.n > 4096 ? 509 : 1)
// 		if (x.p[i] != x.mark) fail("somebody else wrote to a piece");
// 	free(x.p);
// }
//
// static void *work(void *id) {
// 	unsigned me = (uintptr_t)id, random = 12345 + me;
// 	piece own[held] = {{0}};
// 	for (int round = 0; round < rounds; round++) {
// 		random = random * 1664525 + 1013904223;
// 		int slot = random >> 8 & (held - 1);
// 		size_t n = (random >> 14 & 255) << (random >> 22 & 7) << (random >> 26 & 7);
// 		check_and_free(own[slot]);
//
// 		piece x = {.n = n + 1, .mark = random >> 16 | 1};
// 		size_t align = 16;
// 		switch (random >> 29) {
// 		case 0: x.p = calloc(x.n, 1);
// 			for (size_t i = 0; i < x.n; i++) if (x.p[i] != 0) fail("calloc gave memory that is not 0");
// 			break;
// 		case 1: x.p = aligned_alloc(align = 64, x.n); break;
// 		case 2: x.p = memalign(align = 4096, x.n); break;
// 		case 3: if (posix_memalign((void **)&x.p, align = 128, x.n) != 0) fail("posix_memalign failed"); break;
// 		case 4:
// 			x.p = malloc(100);
// 			memset(x.p, x.mark, 100);
// 			x.p = realloc(x.p, x.n);
// 			for (size_t i = 0; i < x.n && i < 100; i++) if (x.p[i] != x.mark) fail("realloc lost bytes");
// 			break;
// 		default: x.p = malloc(x.n);
// 		}
// 		if (x.p == NULL || (uintptr_t)x.p % align != 0) { fail("no memory, or not aligned"); return NULL; }
// 		memset(x.p, x.mark, x.n);
//
// 		// Half of the pieces go to the next thread.
// 		own[slot] = x;
// 		if (round % 2) {
// 			pthread_mutex_lock(&lock);
// 			own[slot] = handed[me][slot];
// 			handed[me][slot] = (piece){0};
// 			piece *to = &handed[(me + 1) % threads][slot], old = *to;
// 			*to = x;
// 			pthread_mutex_unlock(&lock);
// 			check_and_free(old);
// 		}
// 	}
// 	for (int i = 0; i < held; i++) check_and_free(own[i]);
// 	return NULL;
// }
//
// // run starts threads twice: the second ones find what the first ones left at their end.
// static const char *run(void) {
// 	for (int twice = 0; twice < 2; twice++) {
// 		pthread_t all[threads];
// 		for (uintptr_t i = 0; i < threads; i++) pthread_create(&all[i], NULL, work, (void *)i);
// 		for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
// 	}
// 	void *p;
// 	if (posix_memalign(&p, 3, 8) != EINVAL) fail("posix_memalign takes an alignment of 3");
// 	volatile size_t most = SIZE_MAX / 2;
// 	if (calloc(most, 4) != NULL || malloc(most) != NULL) fail("memory that nobody has");
// 	free(realloc(malloc(10), 0));
// 	return failure;
// }
import "C"

import (
	"fmt"
	"os"

	_ "github.com/sslx-go/lab/sslx/backend/tuned"
)

func main() {
	if failure := C.run(); failure != nil {
		fmt.Println(C.GoString(failure))
		os.Exit(1)
	}
}
