package dataset

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/sslx-go/lab/internal/words"
)

const (
	defaultHoldOut = 0.2
	unlabeledMost  = 2000 // test images without labels: more make no measure better
	holdOutSeed    = 0    // the same cut at every import
)

// packSplit is a split as it is packed: the images at the positions from first to end that has accepts.
type packSplit struct {
	name       string
	first, end int
	has        func(position int) bool
}

// count returns the number of images.
func (s packSplit) count() (n int) {
	for i := s.first; i < s.end; i++ {
		if s.has(i) {
			n++
		}
	}
	return n
}

// numbers returns the numbers of the split's images, which stand by position, as they stand in a pack.
func (s packSplit) numbers(all []int32) []byte {
	kept := make([]byte, 0, 4*(s.end-s.first))
	for i := s.first; i < s.end; i++ {
		if s.has(i) {
			kept = binary.LittleEndian.AppendUint32(kept, uint32(all[i]))
		}
	}
	return kept
}

// texts returns the names of the split's images, which stand by position, as they stand in a pack.
func (s packSplit) texts(all []string) (kept []byte) {
	for i := s.first; i < s.end; i++ {
		if s.has(i) {
			kept = append(append(kept, all[i]...), 0)
		}
	}
	return kept
}

// splitAt returns a split of the plan, without bad images.
func (r *run) splitAt(index int) packSplit {
	first := 0
	for _, sp := range r.plan.Splits[:index] {
		first += sp.N
	}
	sp := r.plan.Splits[index]
	good := func(i int) bool { _, bad := r.bad[i]; return !bad }
	return packSplit{sp.Name, first, first + sp.N, good}
}

// splits returns the splits of the set. Where there is only train, a part of it becomes test.
func (r *run) splits() []packSplit {
	var all []packSplit
	for i := range r.plan.Splits {
		all = append(all, r.splitAt(i))
	}
	if len(all) > 1 || r.opt.HoldOut < 0 || r.plan.noted {
		return all
	}

	held := r.holdOut(all[0])
	if len(held) == 0 {
		return all
	}
	train, test := all[0], all[0]
	test.name = "test"
	test.has = func(i int) bool { return held[i] }
	train.has = func(i int) bool { return all[0].has(i) && !held[i] }
	return []packSplit{train, test}
}

// holdOut chooses the images of train that become test, by position: a share of each class, whole groups, and images of
// the same pixels together.
func (r *run) holdOut(train packSplit) map[int]bool {
	var at []int // position by image
	var labels, groups []int32
	first := map[uint64]int32{}
	for i := train.first; i < train.end; i++ {
		if !train.has(i) {
			continue
		}
		// Without groups, copies of an image make one: else one could be trained on and the other measured.
		label, group := int32(0), int32(len(at))
		if len(r.labels) > 0 {
			label = r.labels[0][i]
		}
		if r.groups != nil {
			group = r.groups[i]
		} else if copied, ok := first[r.hashes[i]]; ok {
			group = copied
		} else {
			first[r.hashes[i]] = group
		}
		at, labels, groups = append(at, i), append(labels, label), append(groups, group)
	}

	share := r.opt.HoldOut
	switch {
	case share > 0:
	case len(r.labels) > 0:
		share = defaultHoldOut
	default:
		share = math.Min(defaultHoldOut, float64(unlabeledMost)/float64(max(len(at), 1)))
	}
	_, chosen := GroupedHoldOut(labels, groups, share, holdOutSeed)
	held := make(map[int]bool, len(chosen))
	for _, i := range chosen {
		held[at[i]] = true
	}
	return held
}

// splitNotes says what is to know of the splits before a score is believed: a test that was cut from train, classes
// without test images, and test images that are in train.
func (r *run) splitNotes(splits []packSplit) (notes []string) {
	if len(splits) > len(r.plan.Splits) {
		n, whole := splits[1].count(), len(splits[0].of())+splits[1].count()
		by := "seeded and stratified by class"
		if len(r.labels) == 0 {
			by = "seeded"
		}
		if r.groups != nil {
			by += ", each " + r.plan.GroupedBy + " whole"
		}
		notes = append(notes, fmt.Sprintf("there is no test split: %s of %s images were cut from train for it (%s)",
			words.Thousands(int64(n)), words.Thousands(int64(whole)), by))
	}

	if len(splits) == 1 {
		notes = append(notes, fmt.Sprintf("there is no test split: all %s images are train",
			words.Thousands(int64(splits[0].count()))))
	}

	// An image that was trained on tells little when it is measured: such copies get a note.
	trained := map[uint64]bool{}
	for _, i := range splits[0].of() {
		trained[r.hashes[i]] = true
	}
	for _, split := range splits[1:] {
		if lacked := r.lacked(split); len(lacked) > 0 {
			notes = append(notes, fmt.Sprintf("%s lacks %d of the %d classes of train: %s", split.name, len(lacked),
				len(r.plan.Tasks[0].Classes), someOf(lacked)))
		}

		copies := 0
		for _, i := range split.of() {
			if trained[r.hashes[i]] {
				copies++
			}
		}
		if copies > 0 {
			notes = append(notes, fmt.Sprintf("%s of the %s images of %s have exactly the pixels of an image of train",
				words.Thousands(int64(copies)), words.Thousands(int64(split.count())), split.name))
		}
	}
	return notes
}

// of returns the positions of the split's images.
func (s packSplit) of() (positions []int) {
	for i := s.first; i < s.end; i++ {
		if s.has(i) {
			positions = append(positions, i)
		}
	}
	return positions
}

// lacked returns the classes of the first task that no image of a split has; images that were left out do not count.
func (r *run) lacked(split packSplit) (classes []string) {
	if len(r.labels) == 0 {
		return nil
	}
	has := make([]bool, len(r.plan.Tasks[0].Classes))
	for _, i := range split.of() {
		has[r.labels[0][i]] = true
	}
	for label, class := range r.plan.Tasks[0].Classes {
		if !has[label] {
			classes = append(classes, class)
		}
	}
	return classes
}
