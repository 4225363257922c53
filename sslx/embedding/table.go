package embedding

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/probe"
)

// Info says where a file of features comes from. It lies next to the file, with ".json" after its name. The JSON keys
// are a stable contract.
type Info struct {
	Model    string `json:"model"`    // name of the run or of the file of weights
	Identity string `json:"identity"` // of the model; see Model.Identity
	Layer    string `json:"layer"`
	Dim      int    `json:"dim"`
	Images   int    `json:"images"`

	Data        string `json:"data"`             // what was asked for: the name or path of a set
	Fingerprint string `json:"data_fingerprint"` // of its images
	Size        [2]int `json:"size"`             // height and width of an image

	Backend string   `json:"backend"`
	Device  string   `json:"device"`
	Tasks   []string `json:"tasks"`  // the labels in the file
	SHA256  string   `json:"sha256"` // of the file
}

// Row is what a file of features says of an image, apart from its features.
type Row struct {
	Name   string   // the path of its file in the source, or its split and number: "train/12"
	Split  string   // "train", "val" or "test"
	Labels []string // names of classes, one for each of Info.Tasks
}

// format writes and reads one kind of file.
type format interface {
	// write writes all rows; features is called once for each, in order.
	write(w io.Writer, info Info, rows []Row, features func(i int) ([]float32, error)) error
	read(path string, info Info) ([]Row, probe.Features, error)
}

// formats are the kinds of files by the ending of their names.
var formats = map[string]format{".npy": npy{}, ".parquet": parquetFile{}, ".csv": csvFile{}}

// formatOf returns the format of a file, or a usage error.
func formatOf(path string) (format, error) {
	if f, ok := formats[strings.ToLower(filepath.Ext(path))]; ok {
		return f, nil
	}
	return nil, usage.About("out", "features cannot be written to %s: its name must end in .npy, .parquet or .csv",
		path)
}

// infoPath is the path of the Info of a file of features, and namesPath the path of the names next to an .npy file.
func infoPath(path string) string { return path + ".json" }
func namesPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".names.csv"
}

// readInfo reads the Info of a file of features.
func readInfo(path string) (info Info, err error) {
	text, err := atomicfile.ReadDescription(infoPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return info, usage.Errorf("%s has no %s next to it, which says what made its features: write them again", path,
			filepath.Base(infoPath(path)))
	}
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(text, &info); err != nil || info.Dim < 1 || info.Images < 0 {
		return info, fmt.Errorf("%s is damaged: write the features again", infoPath(path))
	}
	return info, nil
}

func writeInfo(path string, info Info) error {
	text, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(infoPath(path), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
