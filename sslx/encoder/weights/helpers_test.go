package weights_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"testing"
)

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// half returns the bits of a float16 for a number that it can hold, in its normal range.
func half(v float32) uint16 {
	if v == 0 {
		return 0
	}
	bits := math.Float32bits(v)
	exponent := int(bits>>23&0xff) - 127 + 15
	return uint16(bits>>16&0x8000) | uint16(exponent)<<10 | uint16(bits>>13&0x3ff)
}

// narrowed returns a file of F32 with its values in a type of two bytes.
func narrowed(t *testing.T, file []byte, dtype string, bits func(float32) uint16) []byte {
	t.Helper()
	size := binary.LittleEndian.Uint64(file)
	header := map[string]map[string]any{}
	if err := json.Unmarshal(file[8:8+size], &header); err != nil {
		t.Fatal(err)
	}
	for name, entry := range header {
		if name == "__metadata__" {
			continue
		}
		entry["dtype"] = dtype
		offsets := entry["data_offsets"].([]any)
		for i := range offsets {
			offsets[i] = offsets[i].(float64) / 2
		}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}

	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	out = append(out, text...)
	for b := range slices.Chunk(file[8+size:], 4) {
		out = binary.LittleEndian.AppendUint16(out, bits(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	return out
}
