package pixels

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	_ "unsafe" // for go:linkname

	_ "github.com/gen2brain/avif" // has libavif with libaom as WebAssembly
	_ "github.com/gen2brain/heic" // has libheif with libde265 as WebAssembly
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
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

// wasmPages bounds the memory of one decoder, in pages of 64 KiB: 768 MiB.
const wasmPages = 12 << 10

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
	p.run = wazero.NewRuntimeWithConfig(ctx,
		wazero.NewRuntimeConfig().WithCloseOnContextDone(true).WithMemoryLimitPages(wasmPages))
	if _, p.err = wasi_snapshot_preview1.Instantiate(ctx, p.run); p.err == nil {
		p.code, p.err = p.run.CompileModule(ctx, code)
	}
}

// instance is one decoder with memory of its own.
type instance struct {
	ctx    context.Context
	module api.Module
}

var errWasm = errors.New("its decoder failed")

// start makes a decoder, which must be closed.
func (p *program) start(ctx context.Context) (*instance, error) {
	p.once.Do(p.compile)
	if p.err != nil {
		return nil, fmt.Errorf("its decoder cannot be started: %w", p.err)
	}
	module, err := p.run.InstantiateModule(ctx, p.code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("its decoder cannot be started: %w", err)
	}
	return &instance{ctx, module}, nil
}

func (i *instance) close() { _ = i.module.Close(context.Background()) }

// call calls a function that returns one number.
func (i *instance) call(name string, args ...uint64) (uint32, error) {
	results, err := i.module.ExportedFunction(name).Call(i.ctx, args...)
	switch {
	case i.ctx.Err() != nil:
		return 0, i.ctx.Err()
	case err != nil || len(results) != 1:
		return 0, errWasm
	}
	return uint32(results[0]), nil
}

// room returns the address of so many new bytes.
func (i *instance) room(n int64) (uint64, error) {
	if n > wasmPages<<16 {
		return 0, errors.New("it takes too much memory to decode")
	}
	address, err := i.call("malloc", uint64(n))
	if err == nil && address == 0 {
		err = errors.New("it takes too much memory to decode")
	}
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
// of what rooms says.
func (p *program) decode(ctx context.Context, data []byte, flags []uint64, numbers int,
	rooms func(found []int64) ([]int64, error)) (found []int64, pixels []byte, err error) {

	i, err := p.start(ctx)
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
