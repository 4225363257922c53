package command

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/record"
)

var whole = flag.Bool("whole", false, "train the quickstart whole and compare what it learned, and run all claims")

// TestREADME_CommandsWork runs the commands of the README's sh blocks, in order, in a new folder. Some are not run as
// they are: the test command is compared with what CI runs, training, the quickstart's too, is cut to one epoch on a
// small folder of images, and the claims are left to other tests.
func TestREADME_CommandsWork(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: it trains for a minute or two")
	}
	commands := pageCommands(t, "README.md")
	if !slices.Contains(commands, "go test -timeout 30m ./...") {
		t.Fatalf("the README's commands are %q: the test command is missing", commands)
	}
	images := smallImageFolder(t)
	isolate(t)
	for _, line := range commands {
		switch program, arguments, _ := strings.Cut(line, " "); {
		case line == "git clone https://"+modulePath(t)+" && cd lab": // the test runs in a clone
		case line == "go test -timeout 30m ./...":
			script, err := os.ReadFile(filepath.Join(repository(t), ".ci/run"))
			if err != nil || !strings.Contains(string(script), "\n"+line+"\n") {
				t.Errorf("CI does not run %q (%v)", line, err)
			}
		case line == "go install ./cmd/sslx": // the commands after it run in this process
		case line == "go run ./cmd/sslx quickstart":
			if *whole {
				sslxCommand(t, []string{"quickstart"})
				wantLearned(t, "runs/quickstart")
				continue
			}
			defer func(steps int) { quickstartSteps = steps }(quickstartSteps)
			quickstartSteps = 10
			sslxCommand(t, []string{"quickstart", "--data", images})
		case strings.HasPrefix(arguments, "claims run all") && !*whole:
			// It trains for minutes: the notebooks' test runs every claim at this scale, and that of examples/own
			// runs one by this command.
			sslxCommand(t, append(strings.Fields(arguments), "--help"))
		case program == "sslx":
			sslxCommand(t, shortened(t, strings.Fields(arguments), images))
		default:
			t.Errorf("the test does not know how to run %q", line)
		}
	}
}

// TestGuide_CommandsWork runs the commands of docs/guide.md, in order, in a new folder, on a small folder of images and
// on the pure-Go backend. A YAML block whose first line is a comment with a file's name becomes that file. Trainings
// are cut to an epoch of a tiny network. The README's test runs the quickstart; runs watch, which would not end, has a
// test of its own.
func TestGuide_CommandsWork(t *testing.T) {
	testbackend.PureGo(t) // skips under -race
	commands := pageCommands(t, "docs/guide.md")
	images := smallImageFolder(t)
	isolate(t)
	t.Setenv(backend.ConfigEnv, "go")
	for _, block := range pageBlocks(t, "docs/guide.md", "yaml") {
		if name, found := strings.CutPrefix(strings.SplitN(block, "\n", 2)[0], "# "); found {
			writeFile(t, name, block)
		}
	}

	for _, line := range commands {
		program, arguments, _ := strings.Cut(line, " ")
		switch args := strings.Fields(arguments); {
		case line == "go install ./cmd/sslx": // the commands after it run in this process
		case program != "sslx":
			t.Errorf("the test does not know how to run %q", line)
		case args[0] == "quickstart" || args[0] == "runs" && args[1] == "watch":
			sslxCommand(t, append(args, "--help"))
		case args[0] == "pretrain" && args[1] == "--resume":
			sslxCommand(t, args)
		case args[0] == "pretrain":
			sslxCommand(t, append(args, "--set", "size=16", "--set", "epochs=1", "--set", "batch=16", "--set",
				"encoder.width=4", "--set", "optimizer.warmup_epochs=0", "--set", "projector=[8,8]"))
		default:
			for i, arg := range args {
				switch {
				case arg == "path/to/photo.jpg":
					args[i] = filepath.Join(images, "test", "blue", "00.png")
				case strings.HasPrefix(arg, "path/to/"):
					args[i] = images
				case arg == "64" && args[i-1] == "--size":
					args[i] = "16"
				}
			}
			sslxCommand(t, args)
		}
	}
}

// shortened replaces what a reader's machine has and this one has not, and cuts training short.
func shortened(t *testing.T, args []string, images string) []string {
	for i, arg := range args {
		switch {
		case arg == "path/to/bird.png":
			args[i] = filepath.Join(images, "test", "blue", "00.png")
		case strings.HasPrefix(arg, "path/to/"):
			args[i] = images
		case strings.HasPrefix(arg, "experiments/"):
			args[i] = filepath.Join(repository(t), arg)
		}
	}
	if args[0] == "pretrain" {
		args = append(args, "--set", "data="+images, "--set", "epochs=1", "--set", "batch=16",
			"--set", "encoder.width=4")
	}
	return args
}

// wantLearned checks that the encoder beats both floors by 10 points of kNN accuracy or more on two tasks or more.
func wantLearned(t *testing.T, dir string) {
	results, err := record.ReadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	floor, trained := map[string]float64{}, map[string]float64{}
	for _, r := range results {
		if record.IsBaseline(r.Model) {
			floor[r.Task] = max(floor[r.Task], r.Value)
		} else {
			trained[r.Task] = r.Value
		}
	}
	learned := 0
	for task, value := range trained {
		if value >= floor[task]+0.1 {
			learned++
		}
	}
	if learned < 2 {
		t.Errorf("%d of %d tasks are 10 points above their floors, want 2: %+v", learned, len(trained), results)
	}
}

func sslxCommand(t *testing.T, args []string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	begun := time.Now()
	defer func() { t.Log(time.Since(begun).Round(time.Second), args) }()
	if status := run(args, &stdout, &stderr); status != statusDone {
		t.Fatalf("sslx %s: exit status %d\n%s", strings.Join(args, " "), status, stderr.String())
	}
}

// pageCommands returns the lines of a page's sh blocks without comments and quotes, which no argument needs here.
func pageCommands(t *testing.T, page string) (commands []string) {
	for _, block := range pageBlocks(t, page, "sh") {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, " #")
			commands = append(commands, strings.TrimSpace(strings.ReplaceAll(line, "'", "")))
		}
	}
	return commands
}

// pageBlocks returns the code blocks of a language in a page.
func pageBlocks(t *testing.T, page, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```"+language+"\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		blocks = append(blocks, block)
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block of %s", page, language)
	}
	return blocks
}

// smallImageFolder makes an image folder of two classes, told apart by their color, large enough for every protocol.
func smallImageFolder(t *testing.T) string {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	for _, part := range []struct {
		split string
		count int
	}{{"train", 72}, {"test", 8}} {
		for class, name := range []string{"blue", "red"} {
			for i := range part.count {
				img := image.NewRGBA(image.Rect(0, 0, 16, 16))
				for p := range img.Pix {
					img.Pix[p] = uint8(random.IntN(100))
				}
				for p := 2 - 2*class; p < len(img.Pix); p += 4 {
					img.Pix[p] += 120
				}
				var file bytes.Buffer
				if err := png.Encode(&file, img); err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, part.split, name, fmt.Sprintf("%02d.png", i)), file.String())
			}
		}
	}
	return dir
}

// modulePath returns the path that go.mod names.
func modulePath(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join(repository(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(first, "module ")
}

// repository returns the root of the checkout.
func repository(t *testing.T) string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("the test's own path is unknown")
	}
	return filepath.Join(filepath.Dir(file), "..")
}
