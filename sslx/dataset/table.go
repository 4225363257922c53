package dataset

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

// isTable reports whether a file may be a table of labels, by its name.
func isTable(name string) bool {
	return slices.Contains([]string{".csv", ".tsv"}, strings.ToLower(path.Ext(name)))
}

// Names of columns, in lower case, with everything but letters and digits left out.
var (
	fileColumns = []string{"file", "filename", "filepath", "path", "image", "imagename", "imagepath", "imageid",
		"img", "id", "name"}
	splitColumns = []string{"split", "splits", "subset", "partition", "set", "usage"}
	groupColumns = []string{"group", "groupid", "groups", "patient", "patientid", "subject", "subjectid", "participant",
		"participantid", "track", "trackid", "sequence", "sequenceid", "scene", "sceneid", "site", "slide", "slideid"}
)

const maxTableClasses = 1 << 16

// labelTable is a table with a row for each of some images.
type labelTable struct {
	path    string     // of the table
	columns []string   // their names
	rows    [][]string // of images in the source
	images  []string   // the path of the image of each row
	absent  int        // rows whose image is not in the source
	blank   int        // rows that lack a label
}

// tables reads the tables of a source in which a column names images, the one with most images first. With a name, it
// is that table alone, or a usage error.
func tables(files *Files, name string, paths []string) (found []labelTable, err error) {
	var all []string
	for _, f := range files.list {
		if isTable(f.Path) && (name == "" || name == f.Path || name == path.Base(f.Path)) {
			all = append(all, f.Path)
		}
	}
	if name != "" && len(all) == 0 {
		return nil, usage.About("labels", "%s holds no table %s: name a .csv or .tsv file in it", files.source, name)
	}

	known := indexOf(paths)
	for _, p := range all {
		// Only a table that was asked for must be one of labels: others may be about anything.
		t, err := readTable(p, files.texts[p], known)
		switch {
		case err != nil && name != "":
			return nil, usage.About("labels", "%s in %s is not a table of labels: %v", p, files.source, err)
		case err == nil:
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b labelTable) int { return len(b.rows) - len(a.rows) })
	return found, nil
}

// indexOf finds images by their path, their base name, and both without ending; "" marks what is not unique.
func indexOf(paths []string) map[string]string {
	known := map[string]string{}
	add := func(name, p string) {
		if former, ok := known[name]; ok && former != p {
			p = ""
		}
		known[name] = p
	}
	for _, p := range paths {
		base := path.Base(p)
		add(base, p)
		add(strings.TrimSuffix(base, path.Ext(base)), p)
	}
	// A whole path is unique, whatever else it is the end of.
	for _, p := range paths {
		known[strings.TrimSuffix(p, path.Ext(p))] = p
	}
	for _, p := range paths {
		known[p] = p
	}
	return known
}

// fromUTF16 converts a text that begins as Excel's "Unicode text" does, and leaves others as they are.
func fromUTF16(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return text
	}
	var units []uint16
	for text = text[2:]; len(text) >= 2; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	return []byte(string(utf16.Decode(units)))
}

// readTable reads a table of comma, semicolon or tab separated values, with or without a line of names.
func readTable(file string, text []byte, known map[string]string) (t labelTable, err error) {
	text = bytes.TrimPrefix(fromUTF16(text), []byte("\xef\xbb\xbf")) // of Excel
	first, _, _ := bytes.Cut(text, []byte("\n"))
	separator := ','
	for _, other := range []rune{'\t', ';'} {
		if bytes.Count(first, []byte(string(other))) > bytes.Count(first, []byte(string(separator))) {
			separator = other
		}
	}
	// Tables written by hand have stray quotes, and rows of unequal length.
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, true, -1
	records, err := r.ReadAll()
	switch {
	case err != nil:
		return t, err
	case len(records) == 0:
		return t, errors.New("it is empty")
	}

	// Names of images may be relative to the table, and to folders above.
	folder := path.Dir(file)
	find := func(cell string) string {
		cell = strings.TrimPrefix(path.Clean(strings.ReplaceAll(strings.TrimSpace(cell), `\`, "/")), "./")
		for dir := folder; ; dir = path.Dir(dir) {
			if p := known[path.Join(dir, cell)]; p != "" {
				return p
			}
			if dir == "." || dir == "/" {
				break
			}
		}
		return cmp.Or(known[cell], known[path.Base(cell)])
	}

	// The column of images is the one whose cells name most of them; of equals, the one with the name for it.
	width, best, most, ambiguous := len(records[0]), -1, 0, ""
	for column := range width {
		// Each image counts once: a column that repeats one name is no list of images.
		images := map[string]bool{}
		for _, record := range records[:min(len(records), 1000)] {
			if column >= len(record) {
				continue
			}
			if p := find(record[column]); p != "" {
				images[p] = true
			} else if p, ok := known[path.Base(record[column])]; ok && p == "" {
				ambiguous = cmp.Or(ambiguous, record[column])
			}
		}
		hits := len(images)
		if hits > most || hits == most && best >= 0 && slices.Contains(fileColumns, plain(records[0][column])) &&
			!slices.Contains(fileColumns, plain(records[0][best])) {
			best, most = column, hits
		}
	}
	switch {
	case most == 0 && ambiguous != "":
		return t, fmt.Errorf("several images are called %s: write their paths", ambiguous)
	case most == 0:
		return t, errors.New("no column names an image of the source")
	}

	t = labelTable{path: file, columns: slices.Clone(records[0])}
	// The first line is one of names unless it names an image.
	named := find(records[0][best]) == "" || slices.Contains(fileColumns, plain(records[0][best]))
	if named && len(records) > 1 {
		records = records[1:]
	} else {
		for i := range t.columns {
			t.columns[i] = cmp.Or(map[bool]string{true: "label"}[width == 2], fmt.Sprintf("column%d", i+1))
		}
	}
	seen := map[string]bool{}
	for _, record := range records {
		p := ""
		if best < len(record) {
			p = find(record[best])
		}
		switch {
		case p == "":
			t.absent++
			continue
		case seen[p]:
			return t, fmt.Errorf("image %s has two rows", p)
		}
		seen[p] = true
		row := make([]string, width-1)
		for i := range width {
			if i < len(record) && i != best {
				row[i-map[bool]int{true: 1}[i > best]] = strings.TrimSpace(record[i])
			}
		}
		t.rows, t.images = append(t.rows, row), append(t.images, p)
	}
	t.columns = slices.Delete(t.columns, best, best+1)
	return t, nil
}

// plain returns a name of a column in lower case, without signs.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// column returns the index of the first column with one of the names, or -1.
func (t *labelTable) column(names []string) int {
	return slices.IndexFunc(t.columns, func(c string) bool { return slices.Contains(names, plain(c)) })
}

// values returns the distinct values of a column, and how many rows have none.
func (t *labelTable) values(column int) (distinct []string, empty int) {
	found := map[string]bool{}
	for _, row := range t.rows {
		if row[column] == "" {
			empty++
		} else {
			found[row[column]] = true
		}
	}
	return sortedValues(slices.Collect(maps.Keys(found))), empty
}

// sortedValues sorts numbers by their value and everything else as text.
func sortedValues(values []string) []string {
	number := func(s string) (float64, bool) { x, err := strconv.ParseFloat(s, 64); return x, err == nil }
	all := !slices.ContainsFunc(values, func(s string) bool { _, ok := number(s); return !ok })
	slices.SortFunc(values, func(a, b string) int {
		x, _ := number(a)
		y, _ := number(b)
		if all && x != y {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	return values
}

// labelsOf picks the columns that are labels: those that are named, or else those whose values repeat. Others are
// returned with the reason.
func (t *labelTable) labelsOf(wanted []string, but ...int) (columns []int, left []string, err error) {
	for _, name := range wanted {
		i := slices.Index(t.columns, name)
		if i < 0 {
			return nil, nil, usage.About("label-columns", "%s has no column %q: it has %s", t.path, name,
				someOf(t.columns))
		}
		columns = append(columns, i)
	}
	for i, name := range t.columns {
		if len(wanted) > 0 || slices.Contains(but, i) {
			continue
		}
		switch distinct, empty := t.values(i); {
		case len(distinct) < 2:
			left = append(left, name+" (one value)")
		// Values that hardly repeat are names or measurements. Four rows are too few to tell.
		case 2*len(distinct) > len(t.rows) && len(t.rows) > 4, len(distinct) > maxTableClasses:
			left = append(left, fmt.Sprintf("%s (%s values)", name, words.Thousands(int64(len(distinct)))))
		case empty > 0 && len(t.columns) > 1 && 2*empty > len(t.rows):
			left = append(left, name+" (mostly empty)")
		default:
			columns = append(columns, i)
		}
	}
	return columns, left, nil
}

// labelTable labels the images of an arrangement by a table, and gives them the splits and the groups that it has.
func (p *Plan) labelTable(t labelTable, a *arrangement, wanted []string) error {
	split, group := t.column(splitColumns), t.column(groupColumns)
	if split >= 0 && !t.hasSplits(split) {
		if !slices.Contains(splitColumns[:2], plain(t.columns[split])) {
			split = -1 // some other set or usage
		} else {
			values, _ := t.values(split)
			return usage.About("labels", "column %s of %s has %s: write train, val or test", t.columns[split], t.path,
				someOf(values))
		}
	}
	columns, left, err := t.labelsOf(wanted, split, group)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return usage.About("labels", "%s has no column of labels: %s", t.path, someOf(append(left, "no other column")))
	}

	// Classes are numbered in the order of their values, numbers by their size.
	numbers := make([]map[string]int32, len(columns))
	for k, column := range columns {
		distinct, _ := t.values(column)
		numbers[k] = map[string]int32{}
		for i, value := range distinct {
			numbers[k][value] = int32(i)
		}
		makeText(distinct)
		p.Tasks = append(p.Tasks, Task{t.columns[column], distinct})
	}

	byPath := make(map[string]int, len(a.images))
	for i, im := range a.images {
		byPath[im.path] = i
	}
	groups, kept := map[string]int32{}, make([]bool, len(a.images))
	for r, row := range t.rows {
		i, ok := byPath[t.images[r]]
		var label []int32
		for k, column := range columns {
			if n, ok := numbers[k][row[column]]; ok {
				label = append(label, n)
			}
		}
		if !ok || len(label) < len(columns) {
			t.blank++
			continue
		}
		im := &a.images[i]
		im.label, kept[i] = label, true
		if split >= 0 {
			im.split, _ = splitOf(row[split])
		}
		if group >= 0 {
			if _, known := groups[row[group]]; !known {
				groups[row[group]] = int32(len(groups))
			}
			im.group = groups[row[group]]
		}
	}
	if group >= 0 {
		p.GroupedBy = t.columns[group]
	}
	a.split = a.split || split >= 0
	a.tabled = true
	p.tableNotes(t, columns, left, len(a.images))

	// An image without a row has no label.
	i := 0
	a.images = slices.DeleteFunc(a.images, func(folderImage) bool { i++; return !kept[i-1] })
	if !slices.ContainsFunc(a.images, func(im folderImage) bool { return im.split == "train" }) {
		return usage.About("labels", "no image of train has a row with labels in %s", t.path)
	}
	a.sort()
	return nil
}

// hasSplits reports whether all values of a column name splits.
func (t *labelTable) hasSplits(column int) bool {
	values, empty := t.values(column)
	return empty == 0 && !slices.ContainsFunc(values, func(v string) bool {
		split,
			_ := splitOf(v)
		return split == ""
	})
}

// tableNotes says which columns were taken, and what was left out.
func (p *Plan) tableNotes(t labelTable, columns []int, left []string, images int) {
	var taken []string
	for _, column := range columns {
		taken = append(taken, t.columns[column])
	}
	add := func(format string, args ...any) { p.Notes = append(p.Notes, fmt.Sprintf(format, args...)) }
	add("labels are from %s: %s", t.path, someOf(taken))
	if len(left) > 0 {
		add("columns of %s that are no labels: %s", t.path, someOf(left))
	}
	if t.absent > 0 {
		add("%d rows of %s name no image of the source", t.absent, t.path)
	}
	if t.blank > 0 {
		add("%d rows of %s lack a label: their images are left out", t.blank, t.path)
	}
	if n := images - len(t.rows); n > 0 {
		add("%s not in %s and left out", imagesAre(n), t.path)
	}
}
