package pages

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/report"
)

// machines are the processors that records are of, the newest first, and what the names of their records end in.
var machines = []struct{ name, ending string }{
	{"Zen 5", "-zen5"}, {"Zen 4", "-zen4"}, {"Xeon", "-xeon"}, {"AVX2", ""},
}

// ratios is a table of how many times as fast as its fastest peer sslx is, by the records that are named without the
// ending of their machine, on each machine that has them.
func (g generator) ratios(names []string) (Block, error) {
	t := report.Table{Align: "ll" + strings.Repeat("r", len(machines)), Head: []string{"what", "fastest peer"}}
	for _, m := range machines {
		t.Head = append(t.Head, m.name)
	}

	for _, name := range names {
		row := []string{"", ""}
		var peers []string
		for _, m := range machines {
			r, err := g.saved(name + m.ending)
			if errors.Is(err, fs.ErrNotExist) {
				row = append(row, "–")
				continue
			}
			if err != nil {
				return Block{}, err
			}

			peer, err := r.fastestPeer()
			if err != nil {
				return Block{}, fmt.Errorf("record %s: %w", name+m.ending, err)
			}
			row[0] = r.what()
			row = append(row, fmt.Sprintf("%.2fx", r.Sslx.Median/peer.Median))
			if !slices.Contains(peers, peer.Name) {
				peers = append(peers, peer.Name)
			}
		}
		if len(peers) == 0 {
			return Block{}, fmt.Errorf("no machine has a record %s", name)
		}
		row[1] = strings.Join(peers, ", ")
		t.Rows = append(t.Rows, row)
	}
	return Block{Text: t.Markdown()}, nil
}

// fastestPeer returns what was measured of the fastest other library.
func (r saved) fastestPeer() (bench.Peer, error) {
	others := slices.DeleteFunc(slices.Clone(r.Peers), func(p bench.Peer) bool { return p.Name == "sslx" })
	if len(others) == 0 {
		return bench.Peer{}, errors.New("it has no other library")
	}
	return slices.MaxFunc(others, func(a, b bench.Peer) int { return cmp.Compare(a.Median, b.Median) }), nil
}
