// Package testevents reads TensorBoard's event files, for tests of what writes them. It shares no code with it.
package testevents

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is one event.
type Event struct {
	Wall    float64
	Step    int
	Version string
	Start   bool // of a session
	Scalars map[string]float64
	Images  map[string][]string // width, height and PNG
}

// Read returns the events of the files of a folder, in the order of their names.
func Read(t testing.TB, dir string) (events []Event) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("event files in %s: %v, %v", dir, paths, err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for len(data) > 0 {
			n := binary.LittleEndian.Uint64(data)
			if uint64(len(data)) < 16+n || !summed(data[:8], data[8:]) || !summed(data[12:12+n], data[12+n:]) {
				t.Fatalf("%s has a damaged record", path)
			}
			events = append(events, parse(t, data[12:12+n]))
			data = data[16+n:]
		}
	}
	return events
}

// Steps returns the steps of the events with scalars.
func Steps(events []Event) (steps []int) {
	for _, e := range events {
		if len(e.Scalars) > 0 {
			steps = append(steps, e.Step)
		}
	}
	return steps
}

// summed undoes the mask of a checksum, and compares.
func summed(b, sum []byte) bool {
	rotated := binary.LittleEndian.Uint32(sum) - 0xa282ead8
	return rotated<<15|rotated>>17 == crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}

func parse(t testing.TB, b []byte) Event {
	e := Event{Scalars: map[string]float64{}, Images: map[string][]string{}}
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			e.Wall = math.Float64frombits(f.value)
		case 2:
			e.Step = int(f.value)
		case 3:
			e.Version = string(f.bytes)
		case 5:
			for _, v := range fields(t, f.bytes) {
				parseValue(t, &e, v.bytes)
			}
		case 7:
			e.Start = fields(t, f.bytes)[0].value == 1
		}
	}
	return e
}

func parseValue(t testing.TB, e *Event, b []byte) {
	tag := ""
	for _, f := range fields(t, b) {
		if f.number == 1 {
			tag = string(f.bytes)
		}
		if f.number != 8 {
			continue
		}
		for _, part := range fields(t, f.bytes) {
			switch part.number {
			case 6:
				e.Scalars[tag] = math.Float64frombits(binary.LittleEndian.Uint64(part.bytes))
			case 8:
				e.Images[tag] = append(e.Images[tag], string(part.bytes))
			}
		}
	}
}

type field struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

func fields(t testing.TB, b []byte) (all []field) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal("a message is damaged")
		}
		b = b[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		default:
			f.bytes, n = protowire.ConsumeBytes(b)
		}
		if n < 0 {
			t.Fatal("a message is damaged")
		}
		b, all = b[n:], append(all, f)
	}
	return all
}
