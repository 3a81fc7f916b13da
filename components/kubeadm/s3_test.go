package kubeadm_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// backupBucket is the only one that fakeAWS has.
const backupBucket = "dev-backups"

// lentSignature is that of presigned URLs which have not expired.
const lentSignature = "lent"

// fakeS3 is that bucket, as far as backups use it. The fields are guarded by fakeAWS.
type fakeS3 struct {
	objects map[string][]byte
	// throttled and truncated count the calls that are still to be refused, and the answers still to be cut off.
	throttled, truncated int
	// denied is the methods that are refused.
	denied []string
}

func (f *fakeAWS) s3(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key := r.PathValue("key")
	f.calls = append(f.calls, r.Method+" "+key)
	presigned := r.URL.Query().Get("X-Amz-Signature")
	if presigned == "" {
		if err := checkSignature(r, "s3", r.Header.Get("X-Amz-Content-Sha256")); err != nil {
			f.problems = append(f.problems, err.Error())
		}
	}
	switch {
	case presigned != "" && presigned != lentSignature:
		refuseS3(w, http.StatusForbidden, "AccessDenied", "Request has expired")
	case presigned == "" && slices.Contains(f.bucket.denied, r.Method):
		refuseS3(w, http.StatusForbidden, "AccessDenied", "not authorized to perform")
	case f.bucket.throttled > 0:
		f.bucket.throttled--
		refuseS3(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	case r.Method == http.MethodPut:
		f.putObject(w, r, key, body)
	case key == "":
		f.listObjects(w, r)
	case f.bucket.objects[key] == nil:
		refuseS3(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case f.bucket.truncated > 0:
		f.bucket.truncated--
		w.Header().Set("Content-Length", fmt.Sprint(len(f.bucket.objects[key])))
		_, _ = w.Write(f.bucket.objects[key][:10])
	default:
		_, _ = w.Write(f.bucket.objects[key])
	}
}

func (f *fakeAWS) putObject(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	sum := sha256.Sum256(body)
	if r.Header.Get("X-Amz-Content-Sha256") != hash(body) || r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]) {
		refuseS3(w, http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		return
	}
	f.bucket.objects[key] = body
}

func (f *fakeAWS) listObjects(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("list-type") != "2" {
		f.problems = append(f.problems, "the bucket was listed by "+r.URL.RawQuery)
	}
	fmt.Fprint(w, `<?xml version="1.0"?><ListBucketResult><Name>`+backupBucket+`</Name><IsTruncated>false</IsTruncated>`)
	for _, key := range slices.Sorted(maps.Keys(f.bucket.objects)) {
		if strings.HasPrefix(key, r.URL.Query().Get("prefix")) {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>1</Size></Contents>", key)
		}
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func refuseS3(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}
