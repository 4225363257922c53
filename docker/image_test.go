// Package docker_test tests the research image.
package docker_test

import (
	"os"
	"os/exec"
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

func TestStages_StartFromOfficialImagesByDigestOrFromOneAnother(t *testing.T) {
	stages, args := dockerfile(t)
	for i, s := range stages {
		if slices.ContainsFunc(stages[:i], func(earlier stage) bool { return earlier.name == s.from }) {
			continue
		}
		base := os.Expand(s.from, func(name string) string { return args[name] })
		// A registry or an owner would be a part before a slash; a tag alone can mean another image tomorrow.
		if !regexp.MustCompile(`^(golang|debian):[\w.-]+@sha256:[0-9a-f]{64}$`).MatchString(base) ||
			strings.Contains(base, ":latest@") {
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
			for _, flag := range []string{"--require-hashes", "--only-binary :all:", "-r notebooks/requirements.lock"} {
				if !strings.Contains(m[1]+" ", flag+" ") {
					t.Errorf("stage %s: pip install %s without %s", s.name, m[1], flag)
				}
			}
		}
		if regexp.MustCompile(`\bgo (get|install)\b|@latest`).MatchString(run) {
			t.Errorf("stage %s installs Go programs that no go.sum pins", s.name)
		}
	}
	lock := strings.ReplaceAll(read(t, "../notebooks/requirements.lock"), "\\\n", " ")
	for line := range strings.Lines(read(t, "../notebooks/requirements.txt")) {
		if !strings.Contains(line, "==") || !strings.Contains(lock, "\n"+strings.TrimSpace(line)+" ") {
			t.Errorf("notebooks/requirements.txt: %q has no version, or not that of requirements.lock", line)
		}
	}
	hashed := regexp.MustCompile(`^[a-z0-9.-]+==\S+( ; .*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$`)
	for line := range strings.Lines(lock) {
		if !strings.HasPrefix(line, "#") && !hashed.MatchString(line) {
			t.Errorf("notebooks/requirements.lock: %.40q has no version or no hash", line)
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

// contextRules returns a function that says whether .dockerignore leaves a path out of the context: of the patterns
// that match it or a folder above it, the last one decides.
func contextRules(t *testing.T) (leftOut func(path string) bool) {
	t.Helper()
	type rule struct {
		path *regexp.Regexp
		out  bool
	}
	var rules []rule
	for line := range strings.Lines(read(t, "../.dockerignore")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, back := strings.CutPrefix(line, "!")
		star := strings.NewReplacer(`\*\*/`, `(.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`)
		text := star.Replace(regexp.QuoteMeta(pattern))
		rules = append(rules, rule{regexp.MustCompile("^" + text + "(/.*)?$"), !back})
	}
	if len(rules) == 0 || !rules[0].out || rules[0].path.String() != "^[^/]*(/.*)?$" {
		t.Fatal(".dockerignore does not begin with *: it must name what is taken")
	}
	return func(path string) (out bool) {
		for _, r := range rules {
			if r.path.MatchString(path) {
				out = r.out
			}
		}
		return out
	}
}

func TestContext_HasWhatTheImageNeedsAndNothingElse(t *testing.T) {
	leftOut := contextRules(t)
	stages, _ := dockerfile(t)
	for _, s := range stages {
		for line := range strings.Lines(s.text("COPY")) {
			if words := strings.Fields(line)[1:]; !strings.HasPrefix(words[0], "--from") {
				for _, source := range words[:len(words)-1] {
					info, err := os.Stat(filepath.Join("..", source))
					if err != nil || !info.IsDir() && leftOut(source) {
						t.Errorf("stage %s lacks %s (%v)", s.name, source, err)
					}
				}
			}
		}
	}

	// What lies in clones, and must not be in an image that is given away.
	for _, path := range []string{"certificates.pem", "docker/ca.crt", "sslx/id_rsa", "notebooks/.env", ".git/config",
		"data/cifar10.tar.gz", "runs/first/config.yaml", "notebooks/runs/a/checkpoint.safetensors", ".venv/bin/python",
		"notebooks/photos/me.jpg", "secret.txt", "sslx/dataset/testdata/x.go", "sslx/x_test.go", "docker/own.yaml",
		"notebooks/.ipynb_checkpoints/a.ipynb", "bin/sslx", "docs/figures/x.pem", "kubeconfig.yaml", ".netrc"} {
		if !leftOut(path) {
			t.Errorf("%s is in the image", path)
		}
	}

	// What the repository has and is needed to build, show and report.
	for _, pattern := range []string{"go.mod", "LICENSE", "README.md", "command/*.go", "sslx/*.go", "sslx/*/*.go",
		"notebooks/*.ipynb", "notebooks/kernel/go.*", "report/*.tmpl", "watch/static/*", "bench/peers/*.py",
		"sslx/pretrain/recipes/*.yaml", "experiments/results/*/*.json*", "docs/figures/*.png", "scripts/notebook*"} {
		paths, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil || len(paths) == 0 {
			t.Errorf("there is no %s (%v)", pattern, err)
		}
		for _, path := range paths {
			path = strings.TrimPrefix(path, "../")
			if leftOut(path) && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "/testdata") {
				t.Errorf("the image lacks %s", path)
			}
		}
	}
}

func TestCheck_KnowsTheKindOfEveryFileInTheImage(t *testing.T) {
	list, err := exec.Command("git", "-C", "..", "ls-files").Output()
	if err != nil {
		t.Skip("git, which lists the files of the repository, says ", err)
	}
	leftOut, text := contextRules(t), read(t, "check")
	var known []string // by patterns of find
	for _, m := range regexp.MustCompile(`-(name|path) '?([^' )]+)`).FindAllStringSubmatch(text, -1) {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(m[2]), `\*`, ".*")
		if m[1] == "name" {
			pattern = ".*/" + pattern
		}
		known = append(known, pattern)
	}

	all := regexp.MustCompile("^(" + strings.Join(known, "|") + ")$")
	for file := range strings.Lines(string(list)) {
		if file = strings.TrimSpace(file); !leftOut(file) && !all.MatchString("/lab/"+file) {
			t.Errorf("docker/check takes %s for a stray file", file)
		}
	}
}

func TestCompose_GivesLeastPrivileges(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Drop     []string `yaml:"cap_drop"`
			Add      []string `yaml:"cap_add"`
			Security []string `yaml:"security_opt"`
			PIDs     int      `yaml:"pids_limit"`
			Memory   string   `yaml:"mem_limit"`
			Volumes  []string

			Privileged bool
			Network    string `yaml:"network_mode"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		if !slices.Equal(s.Drop, []string{"ALL"}) || s.Add != nil || s.Privileged || s.Network != "" ||
			!slices.Contains(s.Security, "no-new-privileges:true") || s.PIDs <= 0 || s.Memory == "" {
			t.Errorf("%s has more rights than it needs: %+v", name, s)
		}
		for _, volume := range s.Volumes {
			if strings.Contains(volume, ":/data") && !strings.HasSuffix(volume, ":/data:ro") {
				t.Errorf("%s can write to the data: %s", name, volume)
			}
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
