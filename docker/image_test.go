// Package docker_test tests the research image.
package docker_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// stage is a stage of a Dockerfile: what it starts from, and its instructions, each with its continuation lines.
type stage struct {
	from, name   string
	instructions []string
}

// text joins the instructions that start with a word.
func (s stage) text(word string) string {
	var found []string
	for _, line := range s.instructions {
		if strings.HasPrefix(line, word+" ") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dockerfile returns the stages, and the defaults of the arguments that come before the first.
func dockerfile(t *testing.T) (stages []stage, args map[string]string) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	args = map[string]string{}
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if m := regexp.MustCompile(`^FROM (\S+) AS (\S+)$`).FindStringSubmatch(line); m != nil {
			stages = append(stages, stage{from: m[1], name: m[2]})
			continue
		}
		if len(stages) > 0 {
			last := &stages[len(stages)-1]
			last.instructions = append(last.instructions, line)
		} else if name, value, ok := strings.Cut(strings.TrimPrefix(line, "ARG "), "="); ok {
			args[name] = value
		}
	}
	return stages, args
}

func named(t *testing.T, stages []stage, name string) stage {
	t.Helper()
	i := slices.IndexFunc(stages, func(s stage) bool { return s.name == name })
	if i < 0 {
		t.Fatalf("the Dockerfile has no target %s", name)
	}
	return stages[i]
}

func TestStagesStartFromOfficialImagesAtATagOrFromOneAnother(t *testing.T) {
	stages, args := dockerfile(t)
	for i, s := range stages {
		if slices.ContainsFunc(stages[:i], func(earlier stage) bool { return earlier.name == s.from }) {
			continue
		}
		base := os.Expand(s.from, func(name string) string { return args[name] })
		// A registry or an owner would be a part before a slash.
		if !regexp.MustCompile(`^(golang|debian):[\w.-]+$`).MatchString(base) || strings.HasSuffix(base, ":latest") {
			t.Errorf("stage %s starts from %q", s.name, base)
		}
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))[1]
	if !strings.HasPrefix(args["GO_IMAGE"], "golang:"+version+".") {
		t.Errorf("go.mod needs Go %s, the image is built with %s", version, args["GO_IMAGE"])
	}
}

func TestTargetsServeAsAUserAndNameWhatTheyAre(t *testing.T) {
	stages, _ := dockerfile(t)
	cpu, cuda := named(t, stages, "cpu"), named(t, stages, "cuda")
	if cuda.from != "cpu" || cuda.text("USER") != "" {
		t.Errorf("cuda starts from %s, with %q", cuda.from, cuda.text("USER"))
	}
	if user := cpu.text("USER"); !regexp.MustCompile(`^USER [1-9]\d*:0$`).MatchString(user) {
		t.Errorf("cpu runs as %q", user)
	}
	for _, word := range []string{"HEALTHCHECK", "CMD", "EXPOSE"} {
		if cpu.text(word) == "" {
			t.Errorf("cpu has no %s", word)
		}
	}
	for _, label := range []string{"title", "description", "source", "licenses", "revision"} {
		if !strings.Contains(cpu.text("LABEL"), "org.opencontainers.image."+label+"=") {
			t.Errorf("cpu has no label %s", label)
		}
	}
}

func TestVersionsArePinned(t *testing.T) {
	stages, _ := dockerfile(t)
	for _, s := range stages {
		run := s.text("RUN")
		for _, m := range regexp.MustCompile(`pip install (.*?)(?:&&|\n|$)`).FindAllStringSubmatch(run, -1) {
			if !strings.HasSuffix(strings.TrimSpace(m[1]), "-r notebooks/requirements.txt") {
				t.Errorf("stage %s: pip install %s", s.name, m[1])
			}
		}
		if regexp.MustCompile(`\bgo (get|install)\b|@latest`).MatchString(run) {
			t.Errorf("stage %s installs Go programs that no go.sum pins", s.name)
		}
	}
	for line := range strings.Lines(read(t, "../notebooks/requirements.txt")) {
		if !strings.Contains(line, "==") {
			t.Errorf("notebooks/requirements.txt: %q has no version", line)
		}
	}
}

func TestImage_KeepsNoCertificateAndItsToken(t *testing.T) {
	stages, _ := dockerfile(t)
	for _, target := range []string{"base", "cpu", "cuda"} {
		if text := strings.Join(named(t, stages, target).instructions,
			"\n"); regexp.MustCompile(`secret|with-ca|\.(crt|pem)\b`).MatchString(text) {
			t.Errorf("target %s handles certificates:\n%s", target, text)
		}
	}
	for _, path := range []string{"Dockerfile", "compose.yaml"} {
		if regexp.MustCompile(`(token|password)=`).MatchString(read(t, path)) {
			t.Errorf("%s sets JupyterLab's token or password", path)
		}
	}
}

func TestBuilder_GetsWhatItCopiesAndNothingThatGitIgnores(t *testing.T) {
	stages, _ := dockerfile(t)
	for _, s := range stages {
		for line := range strings.Lines(s.text("COPY")) {
			if words := strings.Fields(line)[1:]; !strings.HasPrefix(words[0], "--from") {
				for _, source := range words[:len(words)-1] {
					if _, err := os.Stat(filepath.Join("..", source)); err != nil {
						t.Errorf("stage %s: %v", s.name, err)
					}
				}
			}
		}
	}
	ignored := strings.Fields(read(t, "../.dockerignore"))
	for _, pattern := range strings.Fields(read(t, "../.gitignore")) {
		want := strings.TrimSuffix(pattern, "/")
		if !strings.HasPrefix(want, "/") {
			want = "**/" + want
		}
		if !slices.Contains(ignored, want) {
			t.Errorf(".dockerignore lacks %s", want)
		}
	}
}

func TestComposeServesTheTargetsToThisMachineAlone(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Image          string
			Build          struct{ Context, Dockerfile, Target string }
			Ports, Volumes []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	stages, _ := dockerfile(t)
	var targets []string
	for name, s := range file.Services {
		targets = append(targets, named(t, stages, s.Build.Target).name)
		if s.Image != "sslx:"+s.Build.Target {
			t.Errorf("%s: image %s of target %s", name, s.Image, s.Build.Target)
		}
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to the network", name, port)
			}
		}
		for _, volume := range s.Volumes {
			source := regexp.MustCompile(`^(?:\$\{\w+:-)?(\w+)\}?:/`).FindStringSubmatch(volume)
			if source == nil {
				t.Errorf("%s: volume %s", name, volume)
			} else if _, ok := file.Volumes[source[1]]; !ok {
				t.Errorf("%s: no volume is called %s", name, source[1])
			}
		}
	}
	if slices.Sort(targets); !slices.Equal(targets, []string{"cpu", "cuda"}) {
		t.Errorf("services are of the targets %q", targets)
	}
}
