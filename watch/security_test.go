package watch

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func TestHandler_RefusesWhoHasNoToken(t *testing.T) {
	h := open(t, t.TempDir())
	for name, change := range map[string]func(*http.Request){
		"none":               func(r *http.Request) {},
		"wrong cookie":       func(r *http.Request) { r.AddCookie(&http.Cookie{Name: h.cookie, Value: token + "x"}) },
		"empty cookie":       func(r *http.Request) { r.AddCookie(&http.Cookie{Name: h.cookie}) },
		"wrong in address":   func(r *http.Request) { r.URL.RawQuery = "token=wrong" },
		"beginning":          func(r *http.Request) { r.URL.RawQuery = "token=" + token[:5] },
		"under another name": func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "token", Value: token}) },
	} {
		for _, path := range []string{"/", "/watch.js", "/watch.css", "/api/runs", "/api/run", "/picture", "/nothing"} {
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8111"+path, nil)
			change(r)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", name, path, w.Code)
			}
			if w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), token) {
				t.Errorf("%s, %s: the answer gives the token away", name, path)
			}
		}
	}
}

func TestHandler_TokenInTheAddressBecomesACookie(t *testing.T) {
	h := open(t, t.TempDir())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost:8111/?token="+token, nil))
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 || cookies[0].Value != token {
		t.Fatalf("status %d, cookies %v", w.Code, cookies)
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("scripts or other sites can use the cookie: %v", c)
	}
}

func TestNew_RefusesAnEmptyTokenAndAMissingFolder(t *testing.T) {
	if _, err := New(t.TempDir(), ""); err == nil {
		t.Error("an empty token is taken")
	}
	if _, err := New(filepath.Join(t.TempDir(), "absent"), token); err == nil {
		t.Error("a missing folder is taken")
	}
	if a, b := NewToken(), NewToken(); a == b || len(a) < 32 {
		t.Errorf("tokens %q and %q", a, b)
	}
}

func TestHandler_RefusesOtherSites(t *testing.T) {
	h := open(t, t.TempDir())
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(value string) func(*http.Request) { return func(r *http.Request) { r.Host = value } }
	for _, c := range []struct {
		change func(*http.Request)
		want   int
	}{
		{host("127.0.0.1:8111"), 200},
		{host("localhost:9000"), 200}, // the end of a tunnel
		{host("[::1]:8111"), 200},
		{host("evil.example:8111"), 403},
		{host("evil.example"), 403},
		{host("127.0.0.1.evil.example:8111"), 403},
		{host("localhost.evil.example"), 403},
		{host("10.0.0.1:8111"), 403},
		{host(""), 403},
		{header("Origin", "http://127.0.0.1:8111"), 200},
		{header("Origin", "http://127.0.0.1:8112"), 403},
		{header("Origin", "https://127.0.0.1:8111"), 403},
		{header("Origin", "http://evil.example"), 403},
		{header("Origin", "null"), 403},
		{header("Sec-Fetch-Site", "same-origin"), 200},
		{header("Sec-Fetch-Site", "same-site"), 403},
		{header("Sec-Fetch-Site", "cross-site"), 403},
	} {
		w := get(h, "/api/runs", c.change)
		if w.Code != c.want {
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8111/", nil)
			c.change(r)
			t.Errorf("host %q, header %v: status %d, want %d", r.Host, r.Header, w.Code, c.want)
		}
	}
}

func TestHandler_OnlyReads(t *testing.T) {
	h := open(t, t.TempDir())
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"} {
		w := get(h, "/api/runs", func(r *http.Request) { r.Method = method })
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
}

func TestHandler_AllowsThePageNothingFromElsewhere(t *testing.T) {
	h := open(t, t.TempDir())
	for _, path := range []string{"/", "/watch.js", "/api/runs", "/nothing"} {
		got := get(h, path).Header()
		p := got.Get("Content-Security-Policy")
		if !strings.Contains(p, "default-src 'none'") ||
			strings.Contains(p, "unsafe") || strings.Contains(p, "http") {
			t.Errorf("%s: policy %q", path, p)
		}
		if got.Get("X-Content-Type-Options") != "nosniff" ||
			got.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, got)
		}
	}
	files, err := fs.Glob(static, "static/*")
	if err != nil || len(files) != 4 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		text, err := static.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, forbidden := range []string{"https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
			"eval(", " style="} {
			if strings.Contains(string(text), forbidden) {
				t.Errorf("%s has %q", name, forbidden)
			}
		}
	}
}

func TestHandler_RefusesPathsThatLeaveTheFolder(t *testing.T) {
	top := t.TempDir()
	folder := filepath.Join(top, "runs")
	makeRun(t, filepath.Join(folder, "first"), 1)
	makeRun(t, filepath.Join(top, "secret"), 1)
	h := open(t, folder)
	id := ask[list](t, h, "/api/runs").Runs[0].ID
	for _, path := range []string{"/../secret/config.yaml", "/api/../../secret", "/%2e%2e/secret/config.yaml",
		"/static/../watch.go", "/api/run?run=../secret", "/api/run?run=..%2Fsecret", "/api/run?run=first",
		"/api/log?run=../secret", "/api/claims?store=../secret",
		"/picture?run=" + id + "&name=../../secret/config.yaml",
		"/picture?run=" + id + "&name=config.yaml", "/picture?run=" + id + "&name=views.png%00", "/first/config.yaml",
		"/api/compare?run=../secret"} {
		w := get(h, path)
		if strings.Contains(w.Body.String(), "objective") || strings.Contains(w.Body.String(), "secret\"") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w.Code == http.StatusOK && !strings.HasPrefix(path, "/api/compare") {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestHandler_FollowsNoLink(t *testing.T) {
	top := t.TempDir()
	folder, secret := filepath.Join(top, "runs"), filepath.Join(top, "secret")
	makeRun(t, filepath.Join(folder, "first"), 1)
	makeRun(t, secret, 1)
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, path string) {
		t.Helper()
		_ = os.Remove(path)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(secret, "views.png"), string(signature)+"secret")
	write(filepath.Join(secret, "log"), `{"step":1,"epoch":1,"loss":1,"parts":{"secret":1}}`+"\n")
	write(filepath.Join(secret, "smoke.jsonl"), "{}\n")

	// A run, a picture, a log and records that are links, and a folder that is one.
	link(secret, filepath.Join(folder, "linked"))
	link(filepath.Join(secret, "views.png"), filepath.Join(folder, "first", "views.png"))
	link(filepath.Join(secret, "log"), filepath.Join(folder, "first", logFile))
	link(filepath.Join(secret, "smoke.jsonl"), filepath.Join(folder, "smoke.jsonl"))

	h := open(t, folder)
	got := ask[list](t, h, "/api/runs")
	if len(got.Runs) != 1 || got.Runs[0].Path != "first" || len(got.Stores) != 0 {
		t.Fatalf("runs %+v, stores %+v: want the run first alone", got.Runs, got.Stores)
	}
	id := got.Runs[0].ID
	if w := get(h, "/picture?run="+id+"&name="+record.ViewsPicture); w.Code != http.StatusNotFound {
		t.Errorf("the picture behind a link: status %d", w.Code)
	}
	if w := get(h, "/api/log?run="+id); w.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(w.Body.String(), "symbolic link") {
		t.Errorf("the log behind a link: %d %s", w.Code, w.Body)
	}
	if got.Runs[0].Loss != nil {
		t.Errorf("the list has the loss of a log behind a link")
	}
}

func TestHandler_EscapesHostileNames(t *testing.T) {
	folder := t.TempDir()
	const hostile = `<script>alert(1)</script>"'&` + "\u2028"
	name := strings.ReplaceAll(hostile, "/", "∕")
	makeRun(t, filepath.Join(folder, name), 1, result(hostile, 0.5), result("simclr", 0.25))
	config := filepath.Join(folder, name, "config.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "data: factors", "data: "+string(quoted), 1)
	if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	appendLine(t, filepath.Join(folder, name), `{"step":20,"parts":{"</script><img src=x onerror=alert(1)>":1}}`+"\n")

	h := open(t, folder)
	run := ask[list](t, h, "/api/runs").Runs[0]
	if run.Path != name || run.Data != hostile {
		t.Errorf("path %q, data %q: the names changed", run.Path, run.Data)
	}
	for _, path := range []string{"/api/runs", "/api/run?run=" + run.ID, "/api/log?run=" + run.ID,
		"/api/compare?run=" + run.ID} {
		w := get(h, path)
		if w.Code != http.StatusOK || strings.ContainsAny(w.Body.String(), "<>\u2028") {
			t.Errorf("%s: %d, markup in %s", path, w.Code, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s: content type %q", path, kind)
		}
	}
}

func TestHandler_LeavesTheFolderAsItWas(t *testing.T) {
	folder := t.TempDir()
	makeRun(t, filepath.Join(folder, "first"), 3, result("simclr", 0.5))
	makeRun(t, filepath.Join(folder, "claims", "second"), 0)
	if err := os.WriteFile(filepath.Join(folder, "claims", "smoke.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tree := func() (all []string) {
		t.Helper()
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			all = append(all, path+info.Mode().String()+info.ModTime().String())
			if d.Type().IsRegular() {
				text, err := os.ReadFile(path)
				all = append(all, string(text))
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}

	// In folders without write permission as well, which root may write to all the same.
	before := tree()
	h := open(t, folder)
	got := ask[list](t, h, "/api/runs")
	for _, run := range got.Runs {
		for _, path := range []string{"/api/run?run=", "/api/log?run=", "/api/compare?run=",
			"/picture?name=views.png&run="} {
			get(h, path+run.ID)
		}
	}
	for _, s := range got.Stores {
		get(h, "/api/claims?store="+s.ID)
	}
	h.again()
	get(h, "/api/runs")
	if after := tree(); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("the folder changed from\n%q\nto\n%q", before, after)
	}
	if len(got.Runs) != 2 || len(got.Stores) != 1 {
		t.Errorf("%d runs and %d stores were looked at, want 2 and 1", len(got.Runs), len(got.Stores))
	}
}

// TestSources_OpenNothingForWriting holds the package to functions that read.
func TestSources_OpenNothingForWriting(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, writing := range []string{"os.Create", "os.WriteFile", "O_WRONLY", "O_RDWR", "O_CREATE", "os.Remove",
			"os.Rename", "os.Mkdir", ".Create(", "WriteFile(", "atomicfile", "Store.Append"} {
			if strings.Contains(string(text), writing) {
				t.Errorf("%s has %s", name, writing)
			}
		}
	}
}
