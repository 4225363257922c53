package dataset

import (
	"context"
	"image"
	"strconv"
)

// resizeNative packs the images of a native pack brought to a size, as an import of its source with that size would, and
// returns the path of the new pack.
func resizeNative(ctx context.Context, native string, opt ImportOptions) (path string, err error) {
	set, err := Open(native)
	if err != nil {
		return "", err
	}
	defer func() { _ = set.Close() }()
	opt.Name = set.Name()
	if opt, err = opt.check(); err != nil {
		return "", err
	}
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return "", err
	}
	unlock, err := lockName(ctx, dir, set.Name())
	if err != nil {
		return "", err
	}
	defer unlock()
	accept := func(string) error { return nil }
	if found, err := findReusable(dir, set.header.Source, opt, accept); err != nil || found != nil {
		if err != nil {
			return "", err
		}
		return found.path, nil // another process made it while this one waited
	}
	p, err := planPack(set)
	if err != nil {
		return "", err
	}
	how, rule := resizeRule(opt.Size)
	return writeSet(ctx, dir, native, p, &header{Name: set.Name(), How: how, Resize: rule, Source: set.header.Source}, opt)
}

// planPack says how the images of a pack become another set.
func planPack(set *Set) (*plan, error) {
	p := &plan{kind: set.header.Kind, tasks: set.Tasks(), height: set.Height(), width: set.Width()}
	var splits []*Split
	var labels [][][]int32 // by split and task
	for _, name := range set.Splits() {
		split, err := set.Split(name)
		if err != nil {
			return nil, err
		}
		of := make([][]int32, len(p.tasks))
		for i, task := range p.tasks {
			if of[i], err = split.Labels(task.Name); err != nil {
				return nil, err
			}
		}
		splits, labels = append(splits, split), append(labels, of)
		p.splits = append(p.splits, SplitCount{name, split.N})
	}
	size := set.Height() * set.Width() * 3
	p.items = func(_ context.Context, emit func(item) error) error {
		position := 0
		for s, split := range splits {
			for i := range split.N {
				it := item{position: position, name: split.Name + " " + strconv.Itoa(i), data: split.Pixels[i*size : (i+1)*size]}
				for _, of := range labels[s] {
					it.labels = append(it.labels, of[i])
				}
				if err := emit(it); err != nil {
					return err
				}
				position++
			}
		}
		return nil
	}
	p.draw = func(it item) (*image.RGBA, error) {
		img := image.NewRGBA(image.Rect(0, 0, set.Width(), set.Height()))
		for i := range len(it.data) / 3 {
			copy(img.Pix[4*i:], it.data[3*i:3*i+3])
			img.Pix[4*i+3] = 255
		}
		return img, nil
	}
	return p, nil
}
