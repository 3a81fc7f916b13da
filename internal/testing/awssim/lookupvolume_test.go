package awssim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVolumesLookup_Filters(t *testing.T) {
	w := build(t, Options{})
	_, data := attached(w, values{"rootBlockDevice": values{"volumeSize": 20, "tags": values{"Name": "one-root"}}})
	for _, f := range []values{
		filter("volume-id", data), filter("size", "10"), filter("tag:Name", "*-data"),
	} {
		out, err := w.ask("aws:ebs/getEbsVolumes:getEbsVolumes", values{"filters": []any{f}})
		require.NoError(t, err)
		assert.Equal(t, []string{data}, out.texts("ids"), f)
	}
	for _, f := range []values{filter("availability-zone", "ap-northeast-2a"), filter("status", "in-use"), filter("tag:Name", "one-*")} {
		out, err := w.ask("aws:ebs/getEbsVolumes:getEbsVolumes", values{"filters": []any{f}})
		require.NoError(t, err)
		assert.Len(t, out.texts("ids"), 2, f)
	}
	none, err := w.ask("aws:ebs/getEbsVolumes:getEbsVolumes", values{"tags": values{"Name": "other"}})
	require.NoError(t, err)
	assert.Empty(t, none.texts("ids"))
	_, err = w.ask("aws:ebs/getEbsVolumes:getEbsVolumes", values{"filters": []any{filter("color", "red")}})
	assert.ErrorContains(t, err, `the filter "color" is not modeled`)
}

func TestVolumeLookup_One(t *testing.T) {
	w := build(t, Options{})
	_, data := attached(w, nil)
	found, err := w.ask("aws:ebs/getVolume:getVolume", values{"filters": []any{filter("volume-id", data)}})
	require.NoError(t, err)
	assert.Equal(t, "ap-northeast-2a", found.text("availabilityZone"))
	assert.Equal(t, 10, found.whole("size"))
	assert.Equal(t, "one-data", found.block("tags").text("Name"))
	_, err = w.ask("aws:ebs/getVolume:getVolume", values{"filters": []any{filter("volume-id", "vol-none")}})
	assert.ErrorContains(t, err, "returned 0 results")
}
