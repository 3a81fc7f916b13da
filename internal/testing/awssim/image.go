package awssim

import (
	"fmt"
	"maps"
	"slices"
)

// image is an Amazon machine image.
type image struct {
	id, name, arch, owner string
	// rootGiB is the size of the image's snapshot: no root volume can be smaller.
	rootGiB int
}

// imageCatalog holds the public images and the public SSM parameters that name the current ones.
type imageCatalog struct {
	images     map[string]image
	parameters map[string]string // parameter name to image identifier
	releases   map[string]int
}

// canonical's account publishes Ubuntu's images (https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/).
const canonicalOwner = "099720109477"

func newImageCatalog() *imageCatalog {
	catalog := &imageCatalog{images: map[string]image{}, parameters: map[string]string{}, releases: map[string]int{}}
	// 22.04 images have gp2 root volumes, later ones gp3, as the parameter's name shows.
	for release, disk := range map[string]string{"22.04": "ebs-gp2", "24.04": "ebs-gp3"} {
		for _, arch := range []string{"amd64", "arm64"} {
			catalog.release(fmt.Sprintf("/aws/service/canonical/ubuntu/server/%s/stable/current/%s/hvm/%s/ami-id", release, arch, disk), arch)
		}
	}
	return catalog
}

// release publishes a new image under a parameter; older images stay.
func (catalog *imageCatalog) release(parameter, arch string) image {
	catalog.releases[parameter]++
	key := fmt.Sprintf("%s#%d", parameter, catalog.releases[parameter])
	machine := "x86_64"
	if arch == "arm64" {
		machine = arch
	}
	i := catalog.add(key, key, machine, canonicalOwner, 8)
	catalog.parameters[parameter] = i.id
	return i
}

// add keeps an image, with an identifier that is made of its key.
func (catalog *imageCatalog) add(key, name, architecture, owner string, rootGiB int) image {
	i := image{
		id: fmt.Sprintf("ami-0%08x%08x", hashcode(key), hashcode("image "+key)), name: name,
		arch: architecture, owner: owner, rootGiB: rootGiB,
	}
	catalog.images[i.id] = i
	return i
}

// ReleaseImage makes a public parameter name a new image, as when Canonical publishes one, and returns its
// identifier. Instances of older images are not touched.
func (c *Cloud) ReleaseImage(parameter string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.images.images[c.images.parameters[parameter]]
	if !ok {
		return "", fmt.Errorf("no public image parameter %q; there are %s", parameter, joined(slices.Sorted(maps.Keys(c.images.parameters))))
	}
	return c.images.release(parameter, current.arch).id, nil
}
