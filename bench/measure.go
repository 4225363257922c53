package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/internal/device"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/record"
)

// install is the command that makes the peers' environment.
const install = "bench/install"

// benchmark is what is compared.
type benchmark struct {
	what, unit string
	config     any     // for the peers, and for the record
	items      float64 // that a unit of work makes
	ours       runner  // warm
	float32    runner  // the same in float32, warm, where ours computes in another type; else nil
	first      float64 // seconds that our first unit took, with all that comes before it
	product    runner  // a matrix product, whose unit is productGFLOP; nil where it does not matter
	image      float64 // 10⁹ operations of an item
}

// measure starts the peers and lets all take turns.
func measure(ctx context.Context, h *backend.Handle, b benchmark, opt Options) (result Result, err error) {
	wanted, err := opt.chosen(b.what)
	if err != nil {
		return result, err
	}
	result = Result{What: b.what, Config: b.config, First: b.first, Peers: []Peer{}, Ratio: map[string]float64{},
		Missing: []Missing{}, Environment: describe(h)}

	// Peers are closed even where a later one cannot be started.
	peers, missing, err := startAll(ctx, wanted, b.config, opt)
	defer func() {
		for _, p := range peers {
			p.close()
		}
	}()
	if err != nil {
		return result, err
	}

	// All programs are lanes: sslx first, then the peers in order, then sslx in float32 and the yardstick.
	result.Missing = append(result.Missing, missing...)
	ours := &lane{name: "sslx", runner: b.ours, items: b.items}
	lanes := []*lane{ours}
	for _, p := range peers {
		lanes = append(lanes, &lane{name: p.name, runner: p, items: b.items, multiple: p.about.Multiple})
	}

	inFloat32 := &lane{runner: b.float32, items: b.items}
	if b.float32 != nil {
		lanes = append(lanes, inFloat32)
	}
	product := &lane{runner: b.product, items: productGFLOP}
	if b.product != nil {
		lanes = append(lanes, product)
	}
	if result.Busy, err = alternate(ctx, lanes, opt); err != nil {
		return result, err
	}

	// The lanes of the peers follow ours.
	result.Sslx = newRates(ours.rates, b.unit)
	for i, p := range peers {
		rates := newRates(lanes[i+1].rates, b.unit)
		result.Peers = append(result.Peers, Peer{p.name, p.about.Version, p.about.Note, rates})
		result.Ratio[p.name] = result.Sslx.Median / rates.Median
	}

	if b.float32 != nil {
		rates := newRates(inFloat32.rates, b.unit)
		result.Peers = append(result.Peers, Peer{"sslx", "in float32", "the same otherwise", rates})
		result.Ratio["sslx"] = result.Sslx.Median / rates.Median
	}
	if b.product != nil {
		rates := newRates(product.rates, "GFLOP/s")
		result.Peak = &Peak{Image: b.image, Product: rates, Share: result.Sslx.Median * b.image / rates.Median}
	}
	return result, nil
}

// startAll starts the programs one after the other. Those that are not installed are missing; one that fails otherwise
// is an error.
func startAll(ctx context.Context, wanted []program, config any, opt Options) (peers []*process, missing []Missing,
	err error) {
	if len(wanted) == 0 {
		return nil, nil, nil
	}

	interpreter, err := python()
	if err != nil {
		return nil, nil, err
	}

	// The programs are in the binary; Python reads them from files.
	folder, err := unpack()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write the peers' programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Dir(folder))) }()

	for i, w := range wanted {
		opt.report("start "+w.name, i, len(wanted))

		// One after the other, so that each warms up alone.
		p, err := start(ctx, w.name, config, interpreter, filepath.Join(folder, w.script+".py"))
		if errors.Is(err, errMissing) {
			missing = append(missing, Missing{w.name, err.Error(), install})
			continue
		}
		if err != nil {
			return peers, missing, err
		}
		peers = append(peers, p)
	}
	return peers, missing, nil
}

// peerDevice returns what PyTorch calls the device of a backend, "" for the processor.
func peerDevice(h *backend.Handle) string {
	if device.HasGPU(h.Backend) {
		return "cuda"
	}
	return ""
}

// describe says where and with what the measurement was made.
func describe(h *backend.Handle) record.Environment {
	e := record.Describe()
	e.Backend, e.Device, e.Plugin = h.Name, h.Device, h.PluginVersion
	return e
}
