package awssim

import "fmt"

// image is an Amazon machine image.
type image struct {
	id, name, arch, owner string
	// rootGiB is the size of the image's snapshot: no root volume can be smaller.
	rootGiB int
}

// imageCatalogue holds the public images and the public SSM parameters that name the current ones.
type imageCatalogue struct {
	images     map[string]image
	parameters map[string]string // parameter name to image identifier
	releases   map[string]int
}

// canonical's account publishes Ubuntu's images (https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/).
const canonicalOwner = "099720109477"

func newImageCatalogue() *imageCatalogue {
	catalogue := &imageCatalogue{images: map[string]image{}, parameters: map[string]string{}, releases: map[string]int{}}
	// 22.04 images have gp2 root volumes, later ones gp3; the parameter's name says which.
	for release, disk := range map[string]string{"22.04": "ebs-gp2", "24.04": "ebs-gp3"} {
		for _, arch := range []string{"amd64", "arm64"} {
			catalogue.release(fmt.Sprintf("/aws/service/canonical/ubuntu/server/%s/stable/current/%s/hvm/%s/ami-id", release, arch, disk), arch)
		}
	}
	return catalogue
}

// release publishes a new image under a parameter; older images stay.
func (catalogue *imageCatalogue) release(parameter, arch string) image {
	catalogue.releases[parameter]++
	key := fmt.Sprintf("%s#%d", parameter, catalogue.releases[parameter])
	machine := "x86_64"
	if arch == "arm64" {
		machine = arch
	}
	i := catalogue.add(key, key, machine, canonicalOwner, 8)
	catalogue.parameters[parameter] = i.id
	return i
}

// add keeps an image, with an identifier that is made of its key.
func (catalogue *imageCatalogue) add(key, name, architecture, owner string, rootGiB int) image {
	i := image{
		id: fmt.Sprintf("ami-0%08x%08x", hashcode(key), hashcode("image "+key)), name: name,
		arch: architecture, owner: owner, rootGiB: rootGiB,
	}
	catalogue.images[i.id] = i
	return i
}

// ReleaseImage makes a public parameter name a new image, as when Canonical publishes one, and returns its
// identifier. Instances of older images are not touched.
func (c *Cloud) ReleaseImage(parameter string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.images.images[c.images.parameters[parameter]]
	if !ok {
		return "", fmt.Errorf("no public image parameter %q; there are %s", parameter, joined(sortedKeys(c.images.parameters)))
	}
	return c.images.release(parameter, current.arch).id, nil
}
