package dataset

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// trackName is the name of an image of GTSRB: the numbers of its track and of the frame; in some copies the number of
// the class comes first.
var trackName = regexp.MustCompile(`^(?:\d{5}_)?(\d{5})_\d{5}\.[A-Za-z]+$`)

// group sets the group of every image of a folder, as opt.GroupBy says, and what the groups are called. Without it, the
// groups are those of a table, or tracks where the images are named as GTSRB names them.
func (p *Plan) group(a *arrangement, by string) error {
	if by == "" {
		p.groupTracks(a)
		return nil
	}
	if by == levelNone {
		p.GroupedBy = ""
		return nil
	}

	key, what, err := groupKey(by)
	if err != nil {
		return err
	}
	keys := make([]string, len(a.images))
	for i, im := range a.images {
		var ok bool
		if keys[i], ok = key(im.path); !ok {
			return usage.About("group-by", "image %s of %s has no group by %q: every image needs one", im.path,
				a.source, by)
		}
	}
	p.GroupedBy = what
	a.number(keys)
	return nil
}

// groupKey returns what tells the group of an image from its path, and what such groups are called.
func groupKey(by string) (key func(path string) (string, bool), what string, err error) {
	if level, err := strconv.Atoi(by); err == nil {
		if level < 1 {
			return nil, "", usage.About("group-by", "level %d is out of range: levels count from 1, at the "+
				"top of the source", level)
		}
		return func(p string) (string, bool) {
			parts := strings.Split(p, "/")
			if len(parts) <= level {
				return "", false
			}
			return strings.Join(parts[:level], "/"), true // the same name in another folder is another group
		}, fmt.Sprintf("folder at level %d", level), nil
	}

	pattern, err := regexp.Compile(by)
	if err != nil {
		return nil, "", usage.About("group-by", "%q is neither a level of folders nor a regular expression: %v", by,
			err)
	}
	return func(p string) (string, bool) {
		found := pattern.FindStringSubmatch(p)
		if found == nil {
			return "", false
		}
		// What the first parentheses match, or all that matches where there are none.
		return found[min(1, len(found)-1)], true
	}, "match of " + by, nil
}

// groupTracks groups images in class folders by their tracks, where all images of train are named so and tracks have
// two frames or more on average. A track is one sign, filmed from nearer and nearer: its frames are nearly alike.
func (p *Plan) groupTracks(a *arrangement) {
	if p.GroupedBy != "" || !a.labeled {
		return
	}
	keys := make([]string, len(a.images))
	tracks, frames := map[string]bool{}, 0
	for i, im := range a.images {
		found := trackName.FindStringSubmatch(path.Base(im.path))
		keys[i] = im.path // images of test may have other names
		if found != nil {
			// Each class of GTSRB counts its tracks from 0.
			keys[i] = im.class + "/" + found[1]
		}
		if im.split != "train" {
			continue
		}
		if found == nil {
			return
		}
		tracks[keys[i]] = true
		frames++
	}
	// Names of this form that share no track are of another set.
	if frames < 2*len(tracks) {
		return
	}

	p.GroupedBy = "track"
	p.Notes = append(p.Notes, fmt.Sprintf("images are named as those of GTSRB: the frames of a track stay together "+
		"where images are held out (%d tracks in train)", len(tracks)))
	a.number(keys)
}

// number numbers the groups of the images in the order in which their keys appear.
func (a *arrangement) number(keys []string) {
	numbers := map[string]int32{}
	for i, key := range keys {
		if _, known := numbers[key]; !known {
			numbers[key] = int32(len(numbers))
		}
		a.images[i].group = numbers[key]
	}
}
