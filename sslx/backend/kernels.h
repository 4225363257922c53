// What a handler of XLA's foreign function interface reads (version 0 of xla/ffi/api/c_api.h in
// https://github.com/openxla/xla), and how PJRT registers one (xla/pjrt/c/pjrt_c_api_ffi_extension.h there).

#pragma once

#include <stddef.h>
#include <stdint.h>

struct extension {
	size_t size;
	int type;
	struct extension *next;
};

struct version {
	size_t size;
	struct extension *extensions;
	int major, minor;
};

struct task {
	size_t size;
	struct extension *extensions;
	void *context;
	void (*run)(void *);
	void *data;
};

struct api {
	size_t size;
	struct extension *extensions;
	struct version version;
	void *others[12];
	void *(*schedule)(struct task *);
};

struct metadata {
	size_t size;
	struct version version;
};

struct metadata_extension {
	struct extension base;
	struct metadata *metadata;
};

struct buffer {
	size_t size;
	struct extension *extensions;
	int type;
	void *data;
	int64_t rank;
	int64_t *dims;
};

struct buffers {
	size_t size;
	struct extension *extensions;
	int64_t count;
	int *kinds;
	struct buffer **all;
};

struct frame {
	size_t size;
	struct extension *extensions;
	const struct api *api;
	void *context;
	int stage;
	struct buffers inputs, outputs;
};

// PJRT's table of functions, as far as it is read here.
struct plugin {
	size_t size;
	struct extension *extensions;
};

struct registration {
	size_t size;
	const char *target;
	size_t target_size;
	void *handler;
	const char *platform;
	size_t platform_size;
	int traits;
};

struct ffi_extension {
	struct extension base;
	void *type_register, *user_data_add;
	void *(*register_handler)(struct registration *);
};

// sslx_register registers the handlers with the plugin in a file that is loaded. It returns 0 where the plugin has no
// such interface, or refuses.
int sslx_register(const char *path);

// sslx_schedule has a thread of XLA call sslxHelp, soon or later. It returns 0 where XLA refuses.
int sslx_schedule(struct frame *frame, uintptr_t help);
