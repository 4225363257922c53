package pixels

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/avif" // has libavif with libaom as WebAssembly
	_ "github.com/gen2brain/heic" // has libheif with libde265 as WebAssembly
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// The modules are taken from their packages and run here: with a limit on memory, an end when the context ends, and
// pixels that are read before their memory is freed. Package heic v0.4.5 returns them freed, so that the first 24 of an
// image may be overwritten; it guesses the layout of narrow planes wrongly; both packages prefer a library of the
// system, whose version nobody knows, and cannot be interrupted.

//go:linkname heifModule github.com/gen2brain/heic.heifWasm
var heifModule []byte

//go:linkname avifModule github.com/gen2brain/avif.decodeWasm
var avifModule []byte

// smallMemory is what a decoder may take for the smallest image.
const smallMemory = 32 << 20

// linearMemory is the memory of one decoder. It does not grow beyond its limit, whatever the file makes the decoder ask
// for.
type linearMemory struct {
	bytes   []byte
	limit   uint64
	refused bool // more was asked for
}

// Reallocate returns the memory with a new length, or nil, which makes the decoder fail.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused = true
		return nil
	}
	if size > uint64(cap(m.bytes)) {
		// The system gives pages when they are used; growing in many steps would leave as much behind as it takes.
		capacity := m.limit
		if 2*size <= smallMemory {
			capacity = 2 * size
		}
		larger := make([]byte, size, capacity)
		copy(larger, m.bytes)
		m.bytes = larger
	}
	m.bytes = m.bytes[:size]
	return m.bytes
}

// Free is called when the decoder is closed.
func (m *linearMemory) Free() { m.bytes = nil }

// program is a compiled module, which is instantiated for each image.
type program struct {
	packed *[]byte
	once   sync.Once
	run    wazero.Runtime
	code   wazero.CompiledModule
	err    error
}

var heifProgram, avifProgram = program{packed: &heifModule}, program{packed: &avifModule}

// compile unpacks and compiles the module; it takes a second or so, at the first image.
func (p *program) compile() {
	ctx := context.Background()
	unzip, err := gzip.NewReader(bytes.NewReader(*p.packed))
	if err != nil {
		p.err = err
		return
	}
	code, err := io.ReadAll(unzip)
	if err != nil {
		p.err = err
		return
	}
	p.run = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))
	if _, p.err = wasi_snapshot_preview1.Instantiate(ctx, p.run); p.err == nil {
		p.code, p.err = p.run.CompileModule(ctx, code)
	}
}

// instance is one decoder with memory of its own.
type instance struct {
	ctx    context.Context
	module api.Module
	memory *linearMemory
}

var (
	errWasm   = errors.New("its decoder failed")
	errMemory = errors.New("it needs more memory to decode than an image of the size that it declares")
)

// start makes a decoder with so many bytes of memory at most, which must be closed.
func (p *program) start(ctx context.Context, bytes int64) (*instance, error) {
	p.once.Do(p.compile)
	if p.err != nil {
		return nil, fmt.Errorf("its decoder cannot be started: %w", p.err)
	}
	memory := &linearMemory{limit: uint64(bytes)}
	allocate := func(uint64, uint64) experimental.LinearMemory { return memory }
	withMemory := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(allocate))
	// Without a name, a module can be instantiated for several images at once.
	module, err := p.run.InstantiateModule(withMemory, p.code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("its decoder cannot be started: %w", err)
	}
	return &instance{ctx, module, memory}, nil
}

func (i *instance) close() { _ = i.module.Close(context.Background()) }

// call calls a function that returns one number.
func (i *instance) call(name string, args ...uint64) (uint32, error) {
	results, err := i.module.ExportedFunction(name).Call(i.ctx, args...)
	switch {
	// The end of a context and refused memory make the call fail as well, and say more than that it failed.
	case i.ctx.Err() != nil:
		return 0, i.ctx.Err()
	case i.memory.refused:
		return 0, errMemory
	case err != nil || len(results) != 1:
		return 0, errWasm
	}
	return uint32(results[0]), nil
}

// room returns the address of so many new bytes.
func (i *instance) room(n int64) (uint64, error) {
	if n > math.MaxInt32 {
		return 0, errMemory
	}
	address, err := i.call("malloc", uint64(n))
	return uint64(address), err
}

// put copies bytes into the decoder's memory.
func (i *instance) put(data []byte) (uint64, error) {
	address, err := i.room(int64(len(data)))
	if err == nil && !i.module.Memory().Write(uint32(address), data) {
		err = errWasm
	}
	return address, err
}

// get copies bytes out of the decoder's memory.
func (i *instance) get(address uint64, n int64) ([]byte, error) {
	view, ok := i.module.Memory().Read(uint32(address), uint32(n))
	if !ok {
		return nil, errWasm
	}
	// The view is into memory that closing the decoder frees.
	return bytes.Clone(view), nil
}

// numbers copies little-endian numbers of 32 bits out of the decoder's memory.
func (i *instance) numbers(address uint64, n int) ([]int64, error) {
	raw, err := i.get(address, int64(4*n))
	if err != nil {
		return nil, err
	}
	list := make([]int64, n)
	for k := range list {
		list[k] = int64(binary.LittleEndian.Uint32(raw[4*k:]))
	}
	return list, nil
}

// decode runs a module's function decode: first for the numbers that it finds in the head, then with room for the
// pixels, of a size that follows from these. Its arguments are the file, flags, the addresses of the numbers, and those
// of what rooms says. Besides the file and what every image takes, the module may take so many bytes of memory.
func (p *program) decode(ctx context.Context, data []byte, memory int64, flags []uint64, numbers int,
	rooms func(found []int64) ([]int64, error)) (found []int64, pixels []byte, err error) {

	i, err := p.start(ctx, smallMemory+int64(len(data))+memory)
	if err != nil {
		return nil, nil, err
	}
	defer i.close()
	file, err := i.put(data)
	if err != nil {
		return nil, nil, err
	}
	at, err := i.room(int64(4 * numbers))
	if err != nil {
		return nil, nil, err
	}

	run := func(headOnly uint64, addresses ...uint64) error {
		args := append([]uint64{file, uint64(len(data)), headOnly}, flags...)
		for k := range numbers {
			args = append(args, at+uint64(4*k))
		}
		ok, err := i.call("decode", append(args, addresses...)...)
		if err == nil && ok == 0 {
			err = errWasm
		}
		return err
	}
	// A look at the head needs no room for pixels: their addresses are zeros.
	params := len(i.module.ExportedFunction("decode").Definition().ParamTypes())
	if err := run(1, make([]uint64, params-3-len(flags)-numbers)...); err != nil {
		return nil, nil, err
	}
	if found, err = i.numbers(at, numbers); err != nil {
		return nil, nil, err
	}

	// The last room is for the pixels.
	sizes, err := rooms(found)
	if err != nil {
		return nil, nil, err
	}
	var addresses []uint64
	for _, n := range sizes {
		address, err := i.room(n)
		if err != nil {
			return nil, nil, err
		}
		addresses = append(addresses, address)
	}
	if err := run(0, addresses...); err != nil {
		return nil, nil, err
	}
	last := len(sizes) - 1
	pixels, err = i.get(addresses[last], sizes[last])
	return found, pixels, err
}
