package bench

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed peers/*.py
var scripts embed.FS

// errMissing reports that a peer's library is not installed.
var errMissing = errors.New("not installed")

// patience is how long a peer that was told to end may take.
const patience = 5 * time.Second

// process is a running peer. It speaks the protocol of peers/protocol.py.
type process struct {
	name    string
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	errors  tail
	about   about
}

// about is what a peer says of itself.
type about struct {
	Version  string `json:"version"`
	Note     string `json:"note"`
	Multiple int    `json:"multiple"` // it runs that many units at once
}

// start starts a command with the configuration and waits until it is ready. An error that wraps errMissing says that
// its library is not installed.
func start(ctx context.Context, name string, config any, command ...string) (*process, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}

	// Requests and answers go through pipes; what the peer prints on stderr is kept for errors.
	p := &process{name: name}
	p.command = exec.CommandContext(ctx, command[0], append(command[1:], "--config", string(text))...)
	p.command.Stderr, p.command.WaitDelay = &p.errors, patience
	if p.input, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}

	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = bufio.NewReader(output)

	if err := p.command.Start(); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: there is no %s", errMissing, command[0])
		}
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}

	if err := p.ready(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// ready reads the first line.
func (p *process) ready(ctx context.Context) error {
	line, err := p.line(ctx)
	if err != nil {
		return err
	}

	// "ready" with what the peer says of itself, or "missing" with a module's name.
	word, rest, _ := strings.Cut(line, " ")
	if word == "missing" {
		return fmt.Errorf("%w: Python has no module %s", errMissing, rest)
	}
	if err := json.Unmarshal([]byte(rest), &p.about); word != "ready" || err != nil {
		return fmt.Errorf("%s said %q where it should be ready", p.name, line)
	}
	return nil
}

// line reads an answer.
func (p *process) line(ctx context.Context) (string, error) {
	line, err := p.output.ReadString('\n')

	// A canceled context kills the process: then the context's error is the reason.
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		_ = p.command.Wait()
		return "", fmt.Errorf("%s ended early: %s", p.name, p.errors.last())
	}
	return strings.TrimSpace(line), nil
}

// Run implements [runner].
func (p *process) Run(ctx context.Context, n int) (float64, error) {
	if _, err := fmt.Fprintf(p.input, "run %d\n", n); err != nil {
		_ = p.command.Wait()
		return 0, fmt.Errorf("%s ended early: %s", p.name, p.errors.last())
	}
	line, err := p.line(ctx)
	if err != nil {
		return 0, err
	}

	seconds, err := strconv.ParseFloat(line, 64)
	if err != nil || !(seconds > 0) {
		return 0, fmt.Errorf("%s said %q where it should say how many seconds it took", p.name, line)
	}
	return seconds, nil
}

// close ends the process: at the end of its input, or else by force.
func (p *process) close() {
	_ = p.input.Close()
	force := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() })
	defer force.Stop()

	// Reading to the end keeps a peer that still writes from blocking.
	_, _ = io.Copy(io.Discard, p.output)
	_ = p.command.Wait()
}

// unpack writes the peers' programs to a new folder.
func unpack() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "sslx-bench-"); err != nil {
		return "", err
	}

	if err = os.CopyFS(folder, scripts); err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	return filepath.Join(folder, "peers"), nil
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

// last returns the last line that is not empty.
func (t *tail) last() string {
	lines := bytes.Split(bytes.TrimSpace(t.text), []byte("\n"))
	return strings.TrimSpace(string(lines[len(lines)-1]))
}
