package faults

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	faultCount = flag.Int("faults", 0,
		"make so many faults of all kinds and print what happened; 0 is one each of the quick ones")
	faultSeed   = flag.Uint64("seed", 1, "which faults")
	faultOnly   = flag.String("only", "", "make one each of the faults whose name contains this")
	faultRecord = flag.String("record", "",
		"with -faults: the file that what happened is written to, in place of standard output")
)

// fault is a way to disturb work. It is done in the folder dir of its own, and says what happened in a few words.
type fault struct {
	name  string
	slow  bool // trains
	needs func(w *world) string
	do    func(t *testing.T, w *world, dir string, random *rand.Rand) outcome
}

// outcome is what happened, and the sentence of a refusal.
type outcome struct{ what, sentence string }

var faultList = []fault{
	{"kill -9 during the start of a training", true, nil, killStart},
	{"kill -9 during steps", true, nil, killSteps},
	{"kill -9 while a checkpoint is written", true, nil, killSaving},
	{"kill -9 while records are appended", false, nil, killAppend},
	{"kill -9 while a data cache is packed", false, nil, killPacking},
	{"disk full during training", true, mounts, full(train, 8, 400)},
	{"disk full while records are appended", false, mounts, full(add, 4, 120)},
	{"disk full while a data cache is packed", false, mounts, full(pack, 16, 20<<10)},
	{"read-only folder of a run", true, mounts, readOnly(train)},
	{"read-only folder of records", false, mounts, readOnly(add)},
	{"read-only data cache", false, mounts, readOnly(pack)},
	{"flipped bit in a checkpoint", true, nil, flippedCheckpoint},
	{"checkpoint cut short", true, nil, cutCheckpoint},
	{"flipped bit in a pack", false, nil, flippedPack},
	{"flipped bit in the records", false, nil, flippedRecords},
	{"clock and file times jump between kill and resume", true, nil, clockJump},
	{"two processes on one run folder", true, nil, twoTrain},
	{"two processes on one store of records", false, nil, twoAppend},
	{"two processes on one data cache", false, nil, twoPack},

	{"second import of a name, then resume and evaluate", true, nil, secondImport},
	{"second import of a name while the first is opened", false, nil, importWhileOpened},
	{"folder of a running training renamed", true, nil, renamed},
	{"symbolic link in a run folder", true, nil, linked},
	{"run folder through a symbolic link", true, nil, throughLink},
	{"flipped bit in the configuration of a run", true, nil, editedConfig},
	{"resume with another back end", true, nil, otherBackend},
	{"TMPDIR on the same disk, and kill -9", true, nil, sameDisk},
	{"TMPDIR on another disk that is full or read-only, and kill -9", true, mounts, otherDisk},
	{"kill -9 during an evaluation", true, nil, killTest},
	{"pack cut short or overwritten while a training streams from it", true, nil, damagedStream},
	{"power cut during training", true, volumes, powerTrain},
	{"power cut while records are appended", false, volumes, powerAppend},
	{"power cut while a data cache is packed", false, volumes, powerPack},
	{"power cut after an evaluation", true, volumes, powerTest},
}

// TestFaults_LoseNothing disturbs real runs at random. What was disturbed is done again, and must come to the bits of
// what was left alone; or it is refused by one sentence, with exit status 1 or 2 and nothing half-written.
func TestFaults_LoseNothing(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(*faultSeed, 0))
	list := slices.DeleteFunc(slices.Clone(faultList), func(f fault) bool { return f.slow })
	if *faultCount > 0 {
		list = nil
		for range *faultCount {
			list = append(list, faultList[random.IntN(len(faultList))])
		}
	}
	if *faultOnly != "" {
		other := func(f fault) bool { return !strings.Contains(f.name, *faultOnly) }
		list = slices.DeleteFunc(slices.Clone(faultList), other)
	}
	happened := map[string]map[outcome]int{}
	for i, f := range list {
		own := rand.New(rand.NewPCG(*faultSeed, uint64(i+1)))
		t.Run(fmt.Sprintf("%d %s", i+1, f.name), func(t *testing.T) {
			if f.needs != nil {
				if why := f.needs(w); why != "" {
					t.Skip(why)
				}
			}
			// What is written when, and by which name, hardly depends on the backend; XLA takes eight times as long.
			v := w
			if f.slow && own.IntN(3) > 0 {
				v = w.on("go")
			}
			dir := t.TempDir()
			o := f.do(t, v, dir, own)
			if t.Failed() {
				o = outcome{what: "FAILED"}
			}
			o.sentence = withoutPaths(strings.NewReplacer(dir, "", v.root, "").Replace(o.sentence))
			t.Logf("%s: %s", o.what, o.sentence)
			if happened[f.name] == nil {
				happened[f.name] = map[outcome]int{}
			}
			happened[f.name][o]++
		})
		if *faultRecord != "" { // after each, as all take an hour
			writeRecord(t, *faultRecord, happened)
		}
	}
	if *faultCount > 0 && *faultRecord == "" {
		writeRecord(t, "", happened)
	}
}

// numbers are what differs between sentences of one kind, and so is the name of the machine.
var numbers = regexp.MustCompile(`\b[0-9a-f]{16}\b|\b[0-9]{2,}\b|[0-9]{6,}|\b(step|line) [0-9]+`)

func withoutPaths(text string) string {
	host, _ := os.Hostname()
	return strings.ReplaceAll(numbers.ReplaceAllString(text, "N"), " on "+host+")", " on HOST)")
}

// writeRecord keeps what happened, one line for each fault and what came of it; docs/faults.md is made from it.
func writeRecord(t *testing.T, path string, happened map[string]map[outcome]int) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, f := range faultList {
		for _, o := range slices.SortedFunc(maps.Keys(happened[f.name]), func(a, b outcome) int {
			return strings.Compare(a.what+a.sentence, b.what+b.sentence)
		}) {
			if err := encoder.Encode(Happened{f.name, happened[f.name][o], o.what, o.sentence}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if path == "" {
		fmt.Print(out.String())
		return
	}
	if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless the child refused with one sentence and left nothing half-written below dir.
func refused(t *testing.T, status int, text, dir string) outcome {
	t.Helper()
	if status != 1 && status != 2 {
		t.Errorf("exit status %d: %s", status, text)
	}
	if text == "" {
		t.Fatal("it says nothing")
	}
	Sentence(t, fmt.Errorf("%s", text))
	noTemporary(t, dir)
	return outcome{fmt.Sprintf("refused, exit status %d", status), text}
}

// again does what was disturbed once more.
func (w *world) again(t *testing.T, do, at string) {
	t.Helper()
	w.do(t, do, at)
	w.same(t, do, at)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func found(pattern string) bool {
	list, _ := filepath.Glob(pattern)
	return len(list) > 0
}
