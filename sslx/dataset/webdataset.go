package dataset

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// shardFormat reads WebDataset shards (https://github.com/webdataset/webdataset): tar files, or one, whose members
// KEY.jpg, KEY.cls and KEY.json lie one after the other and make a sample.
type shardFormat struct{}

func (shardFormat) Name() string { return "WebDataset shards" }

// Matches is true for the label of a sample in a single shard, and for a shard in a folder.
func (shardFormat) Matches(name string) bool {
	return strings.HasSuffix(name, ".cls") || archive.IsTar(name)
}

// classLists are the files that may name the classes, one a line.
var classLists = []string{"classes.txt", "classnames.txt", "class_names.txt"}

func (shardFormat) Texts() []string { return classLists }

// maxLabelText bounds the bytes of a label or of a JSON file of a sample.
const maxLabelText = 1 << 20

// sample is the members of a key.
type sample struct {
	key   string
	image string // name of the member; "" for none
	data  []byte
	err   error
	label string // "" for none
}

// checkShards refuses archives next to as many images or more: they are what the images were unpacked from, or more of
// them.
func checkShards(files *Files) error {
	images, first, archives := 0, "", 0
	for _, file := range files.list {
		switch {
		case isImage(file.Path):
			images++
		case archive.IsTar(file.Path):
			first, archives = cmp.Or(first, file.Path), archives+1
		}
	}
	if archives > 0 && images >= archives {
		return usage.Errorf("%s holds images and the archive %s, which may be shards: move one or the other away",
			files.source, first)
	}
	return nil
}

func (f shardFormat) Plan(ctx context.Context, files *Files) (*Plan, error) {
	if err := checkShards(files); err != nil {
		return nil, err
	}
	var known []string
	for _, name := range classLists {
		if text := files.Text(name); text != nil && known == nil {
			known = strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })
		}
	}

	// A first pass counts samples and reads labels; images are skipped.
	var shards []*shard
	found, labeled, left := newClasses(known), 0, 0
	err := f.each(ctx, files, false, func(name string, sample sample) error {
		if len(shards) == 0 || shards[len(shards)-1].path != name {
			shards = append(shards, &shard{path: name, labels: [][]int32{nil}})
		}
		s := shards[len(shards)-1]
		if sample.image == "" {
			left++
			return nil
		}
		if s.n++; s.n > maxImages {
			return fmt.Errorf("%s in %s has more than the %d images that are allowed", name, files.source, maxImages)
		}
		number := int32(noLabel)
		if sample.label != "" {
			var err error
			if number, err = found.add(sample.label); err != nil {
				return fmt.Errorf("%s in %s: %w", name, files.source, err)
			}
			labeled++
		}
		s.labels[0] = append(s.labels[0], number)
		return nil
	})
	if err != nil {
		return nil, err
	}

	p := &Plan{}
	if left > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d samples without an image were left out", left))
	}
	if labeled > 0 {
		names, label := found.finish()
		relabel(shards, 0, label)
		p.Tasks = []Task{{"class", names}}
	} else {
		note := "no sample has a label: the set has no labels"
		if len(shards) > 1 {
			note += "; where each .tar holds a class, as ImageNet's do, unpack each into a folder of its name"
		}
		p.Notes = append(p.Notes, note)
		for _, s := range shards {
			// Without a task, an image must have no label at all.
			s.labels = nil
		}
	}
	if err := splitShards(files.source, shards); err != nil {
		return nil, err
	}
	if shards, err = p.planShards(files.source, shards); err != nil {
		return nil, err
	}

	byPath := map[string]*shard{}
	for _, s := range shards {
		byPath[s.path] = s
	}
	p.Items = func(ctx context.Context, emit func(Item) error) error {
		next := map[string]int{}
		return f.each(ctx, files, true, func(name string, sample sample) error {
			s := byPath[name]
			if s == nil || sample.image == "" {
				return nil
			}
			i := next[name]
			if next[name]++; i >= s.n {
				return fmt.Errorf("%s in %s changed while it was read: import it again", name, files.source)
			}
			it := s.item(i, path.Join(name, sample.image), sample.data)
			if sample.err != nil {
				it.Err = sample.err
			}
			return emit(it)
		})
	}
	return p, nil
}

// each hands over the samples of all shards, in the order of the source, with the shard that each lies in. The data of
// images are read only when they are asked for.
func (f shardFormat) each(ctx context.Context, files *Files, data bool,
	visit func(shard string, s sample) error) error {
	// A source is one shard, whose members the walk gives, or a folder of shards, which the walk gives.
	alone := path.Base(files.source)
	single := &samples{files: files, data: data, visit: func(s sample) error { return visit(alone, s) }}
	err := files.Walk(ctx, func(file File) error {
		if !archive.IsTar(file.Path) {
			return single.add(file.entry)
		}
		of := &samples{files: files, data: data, visit: func(s sample) error { return visit(file.Path, s) }}
		name := file.Path + " in " + files.source
		if err := archive.WalkTar(ctx, name, file.entry, files.opt.MaxUnpacked, of.add); err != nil {
			return err
		}
		return of.flush()
	})
	if err != nil {
		return err
	}
	return single.flush()
}

// samples puts members together.
type samples struct {
	files *Files
	data  bool
	visit func(sample) error
	held  sample
	any   bool
}

// add takes in the next member. Members that are no part of a sample are passed over.
func (s *samples) add(e archive.Entry) error {
	base := path.Base(e.Path)
	// The key ends at the first dot, as WebDataset has it: a.seg.png is of sample a.
	dot := strings.IndexByte(base, '.')
	if e.Dir || dot <= 0 || archive.Hidden(e.Path) || slices.Contains(classLists, base) {
		return nil
	}
	key, ext := path.Join(path.Dir(e.Path), base[:dot]), strings.ToLower(base[dot+1:])
	// The members of a sample lie one after the other, so another key ends it.
	if s.any && key != s.held.key {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.held.key, s.any = key, true

	switch {
	case isImage("."+ext) && s.held.image == "":
		s.held.image = base
		if !s.data {
			return nil
		}
		content, err := archive.Read(e, s.files.opt.MaxFile)
		if err != nil && !isTooLarge(err) {
			return err
		}
		s.held.data, s.held.err = content, err
	// A .cls file wins against the JSON, whichever comes first.
	case ext == "cls" || ext == "json" && s.held.label == "":
		text, err := archive.Read(e, maxLabelText)
		if err != nil {
			return err
		}
		label := strings.TrimSpace(string(text))
		if ext == "json" {
			label = labelInJSON(text)
		}
		if label != "" {
			s.held.label = label
		}
	}
	return nil
}

// flush hands over the sample that is complete.
func (s *samples) flush() error {
	if !s.any {
		return nil
	}
	held := s.held
	s.held, s.any = sample{}, false
	return s.visit(held)
}

// labelInJSON returns the label that the JSON of a sample holds as a number or a text, or "".
func labelInJSON(text []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return ""
	}
	for _, name := range labelColumns {
		var number float64
		var word string
		switch raw := fields[name]; {
		case raw == nil:
		case json.Unmarshal(raw, &word) == nil && word != "":
			return word
		// -1 often stands for no label, and a fraction is no class.
		case json.Unmarshal(raw, &number) == nil && number >= 0 && number == float64(int64(number)):
			return strconv.FormatInt(int64(number), 10)
		}
	}
	return ""
}
