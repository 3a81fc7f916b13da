package s3server

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// lastModified is the time of every object: the model keeps none.
var lastModified = time.Date(2026, time.November, 26, 0, 0, 0, 0, time.UTC)

// List answers ListObjectsV2 with all keys of the session that begin with the prefix.
func List(w http.ResponseWriter, session Session, bucket, prefix string) {
	keys, err := session.ListObjects(bucket, prefix)
	if err != nil {
		RefuseWith(w, err)
		return
	}
	type content struct {
		Key          string
		LastModified string
		Size         int
	}
	size := func(string, string) int { return 0 }
	if sized, ok := session.(interface {
		ObjectSize(bucket, key string) int
	}); ok {
		size = sized.ObjectSize
	}
	result := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		Name        string
		Prefix      string
		KeyCount    int
		IsTruncated bool
		Contents    []content
	}{Name: bucket, Prefix: prefix, KeyCount: len(keys)}
	for _, key := range keys {
		result.Contents = append(result.Contents, content{key, lastModified.Format(time.RFC3339), size(bucket, key)})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(result) // a client that hangs up retries
}

// RefuseWith answers with an error of the simulated AWS; another error is an internal one.
func RefuseWith(w http.ResponseWriter, err error) {
	failure := (*awssim.APIError)(nil)
	if !errors.As(err, &failure) {
		Refuse(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	status := http.StatusBadRequest
	switch {
	case strings.HasPrefix(failure.Code, "NoSuch"):
		status = http.StatusNotFound
	case failure.Code == "AccessDenied":
		status = http.StatusForbidden
	}
	Refuse(w, status, failure.Code, failure.Message)
}

// Refuse answers with an error of S3.
func Refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: code, Message: message})
}
