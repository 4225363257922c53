package dataset

import (
	"context"
	"image"
)

// plan says how the images of one source become a set. Images are numbered from 0 through all splits.
type plan struct {
	kind   string
	notes  []string
	tasks  []Task
	splits []SplitCount // in the order train, val, test
	// height and width are the images' own size where the format fixes it, else 0.
	height, width int
	// items hands over every image once, in any order.
	items func(ctx context.Context, emit func(item) error) error
	// draw makes the opaque image of an item; it is called from several goroutines.
	draw func(item) (*image.RGBA, error)
	// config reads an item's size without decoding it; nil where the format fixes the size.
	config func(item) (width, height int, err error)
}

// item is one image before decoding.
type item struct {
	position int
	name     string // for messages
	data     []byte
	labels   []int32 // one a task
	err      error   // why there is no data
	// height and width are the size that the image must have after drawing; 0 when its own size is unknown.
	height, width int
}

func (p *plan) total() int {
	n := 0
	for _, sp := range p.splits {
		n += sp.N
	}
	return n
}

// splitNames maps the names that a split's folder may have to the split.
var splitNames = map[string]string{
	"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
}

// splitOrder is the order of splits in a pack.
var splitOrder = []string{"train", "val", "test"}

// recognise finds out what a source holds.
func recognise(ctx context.Context, t tree, source, name string, opt ImportOptions) (*plan, error) {
	inv, err := takeInventory(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, f := range inv.files {
		switch {
		case isCIFARFile(f.path):
			return planCIFAR(t, source, inv)
		case isIDXFile(f.path):
			return planIDX(ctx, t, source, name, inv)
		}
	}
	return planFolder(t, source, inv, opt)
}
