package probe

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestCache_GivesFeaturesBackWholeOrNotAtAll(t *testing.T) {
	c := Cache{Dir: filepath.Join(t.TempDir(), "features"), Limit: 1 << 20}
	key := CacheKey("encoder", "data")
	if _, ok := c.Get(key); ok {
		t.Fatal("an empty cache has features")
	}
	want := gaussian(7, 3, 1)
	if err := c.Put(key, want); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Get(key); !ok || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, %t, want %v", got, ok, want)
	}
	whole, err := os.ReadFile(c.path(key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := append([]byte{}, whole...)
		damaged[i] ^= 1
		for _, bad := range [][]byte{damaged, whole[:i]} {
			if err := os.WriteFile(c.path(key), bad, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Get(key); ok {
				t.Fatalf("byte %d flipped or cut away, and the features are taken", i)
			}
		}
	}
}

func TestCacheKey_KeepsPartsApart(t *testing.T) {
	keys := map[string]bool{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"ab", ""}, {"", "ab"}, {"b", "a"}, {}} {
		keys[CacheKey(parts...)] = true
	}
	if len(keys) != 6 {
		t.Errorf("%d keys of 6", len(keys))
	}
}

func TestCache_RemovesTheLeastRecentlyUsedFirst(t *testing.T) {
	f := gaussian(100, 1, 1)
	entry := int64(len(cacheMagic) + 16 + 400 + 32)
	c := Cache{Dir: t.TempDir(), Limit: 2 * entry}
	at := time.Now().Add(-time.Hour)
	for i, key := range []string{"first", "second"} {
		if err := c.Put(key, f); err != nil {
			t.Fatal(err)
		}
		when := at.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(c.path(key), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Get("first"); !ok { // now the second is the older one
		t.Fatal("the first is gone")
	}
	if err := c.Put("third", f); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"first": true, "second": false, "third": true} {
		if _, ok := c.Get(key); ok != want {
			t.Errorf("%s: %t, want %t", key, ok, want)
		}
	}
}

func TestCache_RemovesWhatKilledProcessesLeft(t *testing.T) {
	c := Cache{Dir: t.TempDir(), Limit: 1 << 20}
	old := time.Now().Add(-2 * leftoverAge)
	for name, when := range map[string]time.Time{
		".0123abcd.features4711": old,
		".4567abcd.features4712": time.Now(), // another process is at it
		".notes":                 old,
		"readme.txt":             old,
	} {
		path := filepath.Join(c.Dir, name)
		if err := os.WriteFile(path, []byte("SSLXFEAT1"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}

	if err := c.Put(CacheKey("new"), gaussian(2, 2, 1)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{".4567abcd.features4712", ".notes", CacheKey("new") + cacheExt, "readme.txt"}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}
