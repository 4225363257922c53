package dataset

import (
	"cmp"
	"context"
	"fmt"
	"image"
)

// resizeNative packs the images of a native pack brought to a size and a number of channels, as an import of its source
// would, and opens the new pack.
func resizeNative(ctx context.Context, native string, opt ImportOptions) (*Set, error) {
	set, err := Open(native)
	if err != nil {
		return nil, err
	}
	defer func() { _ = set.Close() }()
	opt.Name, opt.Channels = set.Name(), cmp.Or(opt.Channels, set.Channels())
	if opt, err = opt.check(); err != nil {
		return nil, err
	}
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return nil, err
	}
	unlock, err := lockName(ctx, dir, set.Name())
	if err != nil {
		return nil, err
	}
	defer unlock()

	// Another process may have made it while this one waited.
	how, rule := resizeRule(opt.Size)
	h := &header{Name: set.Name(), How: how, Resize: rule, Source: set.header.Source, Origin: set.header.Origin,
		Rules: set.header.Rules, Choices: set.header.Choices, Channels: opt.Channels}
	any := reuse{check: func(*Set) error { return nil }, skipped: true}
	if found, _, err := h.findReusable(dir, any); err != nil || found != nil {
		return found, err
	}

	p, err := planPack(set)
	if err != nil {
		return nil, err
	}
	path, err := writeSet(ctx, dir, native, p, h, opt)
	if err != nil {
		return nil, err
	}
	return Open(path)
}

// planPack says how the images of a pack become another set.
func planPack(set *Set) (*Plan, error) {
	p := &Plan{Kind: set.header.Kind, Notes: set.Notes(), Tasks: set.Tasks(), Height: set.Height(), Width: set.Width(),
		GroupedBy: set.GroupedBy(), Channels: set.Channels(), converted: set.header.Converted, noted: true}

	// Labels are few and are read at once; pixels stay where they are.
	var splits []*Split
	var labels [][][]int32 // by split and task
	var groups [][]int32   // by split; nil without groups
	var names [][]string   // by split
	for _, name := range set.Splits() {
		split, err := set.Split(name)
		if err != nil {
			return nil, err
		}
		of := make([][]int32, len(p.Tasks))
		for i, task := range p.Tasks {
			if of[i], err = split.Labels(task.Name); err != nil {
				return nil, err
			}
		}
		splits, labels, groups = append(splits, split), append(labels, of), append(groups, split.Groups())
		names = append(names, split.Names())
		p.Splits = append(p.Splits, SplitCount{name, split.N})
	}

	p.Items = func(_ context.Context, emit func(Item) error) error {
		position := 0
		for s, split := range splits {
			for i := range split.N {
				// The bytes stay in the old pack, which is open until the new one is written.
				it := Item{Position: position, Name: names[s][i], Data: split.At(i)}
				for _, of := range labels[s] {
					it.Labels = append(it.Labels, of[i])
				}
				if groups[s] != nil {
					it.Group = groups[s][i]
				}
				if err := emit(it); err != nil {
					return err
				}
				position++
			}
		}
		return nil
	}
	return p, nil
}

// fromRGB makes an opaque image of RGB bytes [height, width, 3].
func fromRGB(rgb []byte, height, width int) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	if len(rgb) != height*width*3 {
		return nil, fmt.Errorf("it has %d bytes, and %dx%d RGB takes %d", len(rgb), height, width, height*width*3)
	}

	for i := range height * width {
		copy(img.Pix[4*i:], rgb[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img, nil
}
