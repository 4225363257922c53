//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
)

// client is an instance of XLA with the programs that it has compiled. Handles on the CPU share it, so that a training
// or an evaluation finds the programs of an earlier one. A shared client lives as long as the process, as the plugin
// does.
type client struct {
	*xla.Backend
	kernels bool // convolutions are computed by package convolution

	mu       sync.Mutex // guards what follows
	programs map[programKey]*program
	unused   []*program // the one released last is the last
	kept     int        // the most text that unused programs have, bytes
}

func newClient(b *xla.Backend, kept int) *client {
	return &client{Backend: b, programs: map[programKey]*program{}, kept: kept}
}

// programKey is the checksum of a program's text and of its layout on devices.
type programKey [sha256.Size]byte

// program is a program that some executables share.
type program struct {
	key     programKey
	size    int // of its text, bytes
	users   int // guarded by the client
	compile func() (*xla.Executable, error)
}

// keptText is the most text of unused programs that a client keeps for the next who compiles them, in bytes. A compiled
// program takes about 26 times the memory of its text (14 MB for a step of the small convnet): 8 MiB are about 200 MB.
const keptText = 8 << 20

// use returns the program of a key, for one more user who calls release once.
func (c *client) use(key programKey, size int, compile func() (*xla.Executable, error)) *program {
	c.mu.Lock()
	defer c.mu.Unlock()

	p := c.programs[key]
	if p == nil {
		p = &program{key: key, size: size, compile: sync.OnceValues(compile)}
		c.programs[key] = p
	}
	if i := slices.Index(c.unused, p); i >= 0 {
		c.unused = slices.Delete(c.unused, i, i+1)
	}
	p.users++
	return p
}

// release takes a user from a program. A program without users is kept until others, released later, need its place.
func (c *client) release(p *program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.users--; p.users > 0 {
		return
	}
	c.unused = append(c.unused, p)

	// From the newest to the oldest. A program that did not compile is not kept: the next user tries again.
	size := 0
	for i, p := range slices.Backward(c.unused) {
		size += p.size
		x, err := p.compile()
		if err == nil && size <= c.kept {
			continue
		}
		c.unused = slices.Delete(c.unused, i, i+1)
		delete(c.programs, p.key)
		if err == nil {
			x.Finalize()
		}
	}
}

// cachedBackend is the backend of a handle whose client compiles a program once.
type cachedBackend struct {
	*client
	closed atomic.Bool
}

// HasConvolutions reports whether there are kernels for convolutions: see package device.
func (b *cachedBackend) HasConvolutions() bool { return b.kernels }

// Finalize leaves the client to other handles.
func (b *cachedBackend) Finalize() { b.closed.Store(true) }

// IsFinalized tells whether the handle was closed.
func (b *cachedBackend) IsFinalized() bool { return b.closed.Load() }

// Builder returns a builder that compiles only what no other has compiled.
func (b *cachedBackend) Builder(name string) compute.Builder {
	return &cachedBuilder{Builder: b.Backend.Builder(name).(*xla.Builder), backend: b}
}

// BufferFromFlatData returns a buffer with a copy of data.
func (b *cachedBackend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer,
	error) {
	buffer, err := b.Backend.BufferFromFlatData(device, flat, shape)
	return b.wrap(buffer), err
}

// NewSharedBuffer returns a buffer with its data.
func (b *cachedBackend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (buffer compute.Buffer, flat any,
	err error) {
	buffer, flat, err = b.Backend.NewSharedBuffer(device, shape)
	return b.wrap(buffer), flat, err
}

// wrap makes a buffer the handle's.
func (b *cachedBackend) wrap(buffer compute.Buffer) compute.Buffer {
	if plain, ok := buffer.(*xla.Buffer); ok {
		return &cachedBuffer{Buffer: plain, backend: b}
	}
	return buffer
}

// cachedBuffer is a buffer of a handle: tensors belong to the backend that their buffer names.
type cachedBuffer struct {
	*xla.Buffer
	backend *cachedBackend
}

// Backend returns the handle's backend.
func (b *cachedBuffer) Backend() compute.Backend { return b.backend }

// CopyToDevice returns a copy on another device.
func (b *cachedBuffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	buffer, err := b.Buffer.CopyToDevice(device)
	return b.backend.wrap(buffer), err
}

// cachedBuilder builds a program, and compiles it unless its client has it.
type cachedBuilder struct {
	*xla.Builder
	backend *cachedBackend
	layout  []byte // of the program on devices, as far as its text leaves it open
}

// DistributedSPMD runs the program on several devices, each on its own values.
func (b *cachedBuilder) DistributedSPMD(devices int) error {
	b.layout = fmt.Appendln(b.layout, "SPMD", devices)
	return b.Builder.DistributedSPMD(devices)
}

// DistributedAutoSharding spreads the program over meshes of devices.
func (b *cachedBuilder) DistributedAutoSharding(meshes ...compute.Mesh) error {
	b.layout = fmt.Appendln(b.layout, "sharding", meshes)
	return b.Builder.DistributedAutoSharding(meshes...)
}

// DeviceAssignment chooses the devices.
func (b *cachedBuilder) DeviceAssignment(devices ...compute.DeviceNum) error {
	b.layout = fmt.Appendln(b.layout, "devices", devices)
	return b.Builder.DeviceAssignment(devices...)
}

// Compile returns an executable of the program.
func (b *cachedBuilder) Compile() (compute.Executable, error) {
	if b.backend.kernels && len(b.layout) == 0 {
		useKernels(builderOf(b.Builder))
	}
	text, err := stableHLO(b.Builder)
	if err != nil {
		return nil, fmt.Errorf("cannot write the program %s: %w", b.Name(), err)
	}

	client := b.backend.client
	p := client.use(sha256.Sum256(append(text, b.layout...)), len(text), func() (*xla.Executable, error) {
		x, err := b.Builder.Compile()
		if err != nil {
			return nil, err
		}
		return x.(*xla.Executable), nil
	})
	release := sync.OnceFunc(func() { client.release(p) })
	x, err := p.compile()
	if err != nil {
		release()
		return nil, err
	}

	// Whoever forgets an executable without finalizing it has released it as well.
	e := &cachedExecutable{Executable: x, backend: b.backend, release: release}
	runtime.AddCleanup(e, func(release func()) { release() }, release)
	return e, nil
}

// builderField is where go-xla keeps the text of a program that is being built. It has no method for it.
var builderField, hasBuilderField = reflect.TypeFor[xla.Builder]().FieldByName("builder")

// readsPrograms tells whether this version of go-xla keeps the text of programs where stableHLO looks for it.
var readsPrograms = hasBuilderField && builderField.Type == reflect.TypeFor[*stablehlo.Builder]()

// builderOf returns the text of a program, as it is being built.
func builderOf(b *xla.Builder) *stablehlo.Builder {
	field := reflect.ValueOf(b).Elem().FieldByIndex(builderField.Index)
	return (*stablehlo.Builder)(field.UnsafePointer())
}

// stableHLO returns the text of a program.
func stableHLO(b *xla.Builder) ([]byte, error) { return builderOf(b).Build() }

// cachedExecutable is a program for one user.
type cachedExecutable struct {
	*xla.Executable
	backend *cachedBackend
	release func()
}

// Finalize releases the program.
func (e *cachedExecutable) Finalize() {
	e.Executable = nil // which refuses to run
	e.release()
}

// Execute runs the program.
func (e *cachedExecutable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer,
	error) {
	defer runtime.KeepAlive(e) // or its cleanup releases the program while it runs
	plain := make([]compute.Buffer, len(inputs))
	for i, input := range inputs {
		if own, ok := input.(*cachedBuffer); ok {
			input = own.Buffer
		}
		plain[i] = input
	}

	outputs, err := e.Executable.Execute(plain, donate, device)
	for i, output := range outputs {
		outputs[i] = e.backend.wrap(output)
	}
	return outputs, err
}
