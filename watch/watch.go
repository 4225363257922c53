// Package watch serves a local web page that shows the runs, sweeps and claims in a folder while they are made: state,
// curves, pictures, results, verdicts, and comparisons of runs. The page brings its own scripts and styles, and loads
// nothing from elsewhere.
//
// A [Handler] only reads: it opens no file for writing and makes none. It follows no symbolic link below its folder,
// answers GET and HEAD alone, and only requests that name this machine, carry the token and come from its own page.
package watch

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

//go:embed static
var static embed.FS

// policy lets the page load its own scripts, styles and pictures, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page of a folder. Its methods may be called from several goroutines.
type Handler struct {
	root   *os.Root
	token  string
	cookie string // name of the cookie that holds the token
	routes *http.ServeMux
	index  *index
	claims claimPages
}

// NewToken returns a random token of 192 bits.
func NewToken() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // it cannot fail: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// New returns a handler for the runs and claims at and below folder, which must exist. Whoever has the token can read
// them; see [NewToken]. Call Close when it is no longer needed.
func New(folder, token string) (*Handler, error) {
	if token == "" {
		return nil, usage.Errorf("the token is empty: anybody on this machine could read the runs")
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage.Errorf("there is no folder %s: give one that holds runs", folder)
	}
	if err != nil {
		return nil, usage.Errorf("folder %s cannot be read: %v", folder, err)
	}

	// Cookies are shared by all ports of a host: each handler has a name of its own.
	sum := sha256.Sum256([]byte(token))
	h := &Handler{root: root, token: token, cookie: "sslx-watch-" + hex.EncodeToString(sum[:4]),
		index: newIndex(root, absolute)}

	h.routes = http.NewServeMux()
	h.routes.HandleFunc("GET /{$}", h.page)
	for name, kind := range map[string]string{"watch.js": "text/javascript", "plot.js": "text/javascript",
		"watch.css": "text/css"} {
		h.routes.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) { file(w, name, kind) })
	}
	h.routes.HandleFunc("GET /api/runs", h.listRuns)
	h.routes.HandleFunc("GET /api/run", h.showRun)
	h.routes.HandleFunc("GET /api/log", h.readLog)
	h.routes.HandleFunc("GET /api/claims", h.showClaims)
	h.routes.HandleFunc("GET /api/sweep", h.showSweep)
	h.routes.HandleFunc("GET /api/compare", h.compareRuns)
	h.routes.HandleFunc("GET /picture", h.picture)
	return h, nil
}

// Close closes the folder.
func (h *Handler) Close() error { return h.root.Close() }

// ServeHTTP answers a request, if it may be made at all.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")

	// Another site's page can send requests, and can give its own name this machine's address.
	switch {
	case !local(r.Host):
		refuse(w, http.StatusForbidden, "this page is served to this machine only: open it as 127.0.0.1 or localhost")
		return
	case foreign(r):
		refuse(w, http.StatusForbidden, "the request came from another site")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "this page only reads")
		return
	case slices.Contains(strings.Split(r.URL.Path, "/"), ".."):
		refuse(w, http.StatusBadRequest, "the path leaves the folder")
		return
	}

	// The first request brings the token in the address; the cookie has it from then on.
	if h.is(r.URL.Query().Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: h.cookie, Value: h.token, Path: "/", HttpOnly: true,
			SameSite: http.SameSiteStrictMode})
	} else if cookie, err := r.Cookie(h.cookie); err != nil || !h.is(cookie.Value) {
		refuse(w, http.StatusForbidden,
			"the token is missing or wrong: open the address that `sslx runs watch` printed")
		return
	}
	h.routes.ServeHTTP(w, r)
}

// is compares a token in constant time.
func (h *Handler) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(h.token)) == 1
}

// local reports whether a Host header names this machine. Any port will do: a tunnel may have another one.
func local(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == "::1"
}

// foreign reports whether a browser sent a request for a page of another origin.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Scheme != "http" || u.Host != r.Host {
			return true
		}
	}

	// A link to the page may stand anywhere; what the page loads it asks for itself.
	site := r.Header.Get("Sec-Fetch-Site")
	return r.URL.Path != "/" && site != "" && site != "same-origin" && site != "none"
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "sslx: "+why+"\n")
}

func (h *Handler) page(w http.ResponseWriter, _ *http.Request) { file(w, "index.html", "text/html") }

// file serves a file of the page.
func file(w http.ResponseWriter, name, kind string) {
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, _ = w.Write(text)
}

// answer writes a value as JSON. Go escapes <, > and & in it, so that it is no markup wherever it is put.
func answer(w http.ResponseWriter, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		refuse(w, http.StatusInternalServerError, fmt.Sprintf("the answer cannot be written: %v", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}
