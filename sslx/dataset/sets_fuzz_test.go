package dataset

import (
	"os"
	"path/filepath"
	"testing"
)

// fuzzSource plans and reads whatever content a file of a name has.
func fuzzSource(f *testing.F, name string) {
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		planned(t, path)
	})
}

func FuzzParquet(f *testing.F) {
	f.Add([]byte(hubFile(f, hubMetadata, 0, 1, 2, 0)))
	f.Add([]byte(hubFile(f, "", 0, -1)))
	f.Add([]byte("PAR1"))
	fuzzSource(f, "x.parquet")
}

func FuzzShards(f *testing.F) {
	f.Add([]byte(shardOf(f, 0, "1", "0")))
	f.Add([]byte(files{"a.jpg": "x", "a.json": `{"label": "b"}`}.tar(f, []string{"a.jpg", "a.json"})))
	fuzzSource(f, "x.tar")
}

func FuzzXz(f *testing.F) {
	whole, err := os.ReadFile(filepath.Join("testdata", "animals.tar.xz"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	fuzzSource(f, "x.tar.xz")
}

func FuzzBeton(f *testing.F) {
	f.Add([]byte(betonOf(f, 0, 1, 0, 2)))
	f.Add([]byte("\x02\x00"))
	fuzzSource(f, "x.beton")
}

// FuzzTable reads any content as a table of the labels of two images.
func FuzzTable(f *testing.F) {
	f.Add([]byte("file,label,split\na.png,x,train\nb.png,y,test\n"))
	f.Add([]byte("image_id;patient;class\r\na;1;0\r\nb;2;1\r\n"))
	f.Add([]byte("\xef\xbb\xbfid\tlabel\na.png\t\"x\ny\"\n"))
	one := []byte(gray(f, 1))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		for name, bytes := range map[string][]byte{"a.png": one, "b.png": one, "labels.csv": content} {
			if err := os.WriteFile(filepath.Join(dir, name), bytes, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		planned(t, dir)
	})
}
