package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/growbin/cluster/internal/imagedigest"
	"github.com/growbin/cluster/internal/imagelock"
	"github.com/growbin/cluster/stacks"
)

// imagesOptions are the flags of growbin images.
type imagesOptions struct {
	*stackOptions
	// update takes the digests of tags that have moved.
	update bool
	// check writes nothing.
	check bool
}

func newImages(s *stackOptions) *cobra.Command {
	o := imagesOptions{stackOptions: s}
	command := &cobra.Command{
		Use:   "images",
		Short: "Records the digests of the public container images in " + stacks.ImageLock,
		Long: "images asks the registries, or their mirrors in the stack's imageMirrors, for the digest of each public image that the program\n" +
			"deploys, and records it in " + stacks.ImageLock + ". The next update deploys the digest. A recorded digest stays: a tag that has another\n" +
			"one now was moved, and is an error. Commit the file.",
		Example: "  growbin images -s dev             new images\n  growbin images -s dev --update    also those whose tag was moved, after a look at why\n" +
			"  growbin images -s dev --check     writes nothing; the exit code is 1 if a tag was moved or an image has no digest",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.stackOptions.check(); err != nil {
				return err
			}
			settings, err := stacks.ReadSettings(o.dir, o.stack, nil)
			if err != nil {
				return err
			}
			images, err := stacks.Images(o.dir)
			if err != nil {
				return err
			}
			return runImages(command.Context(), o, imagedigest.Resolver{Mirrors: settings.ImageMirrors, Architecture: stacks.ImageArchitecture}, images, command.OutOrStdout())
		},
	}
	command.Flags().BoolVar(&o.update, "update", false, "take the new digest of a tag that was moved")
	command.Flags().BoolVar(&o.check, "check", false, "compare only, and write nothing")
	command.MarkFlagsMutuallyExclusive("update", "check")
	return command
}

// runImages compares the lock with the registries. Its error names every image that differs or cannot be asked for; the digests of
// the others are written, and recorded ones stay.
func runImages(ctx context.Context, o imagesOptions, registries imagedigest.Resolver, images []string, out io.Writer) error {
	path := filepath.Join(o.dir, stacks.ImageLock)
	known, err := imagelock.Read(path)
	if err != nil {
		return err
	}
	lock := imagelock.Lock{}
	var problems []error
	for _, image := range images {
		recorded := known[image]
		if recorded != "" {
			lock[image] = recorded
		}
		found, err := registries.Digest(ctx, image)
		verb := "kept"
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", image, err))
			continue
		case found == recorded:
		case recorded == "" && o.check:
			problems = append(problems, fmt.Errorf("%s: has no digest in %s, must have %s: run growbin images", image, stacks.ImageLock, found))
			continue
		case recorded == "":
			verb = "recorded"
		case o.update:
			verb = "moved from " + recorded + ":"
		default:
			problems = append(problems, fmt.Errorf("%s: the tag was moved to %s, must be %s as in %s: find out who moved it and why, then take it with --update",
				image, found, recorded, stacks.ImageLock))
			continue
		}
		lock[image] = found
		fmt.Fprintln(out, verb, image, found)
	}
	for _, image := range known.Unused(images) {
		if o.check {
			problems = append(problems, fmt.Errorf("%s: in %s, must be an image that the program deploys: run growbin images", image, stacks.ImageLock))
			continue
		}
		fmt.Fprintln(out, "removed", image)
	}
	if o.check {
		return errors.Join(problems...)
	}
	return errors.Join(append(problems, lock.Write(path))...)
}
