package awsapi

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signed has the reference application sign URLs, as waste-api does.
const signed = `from growbin import storage
print(storage.upload_url("uploads/one.jpg", 5))
print(storage.read_url("uploads/one.jpg"))
`

// presign returns the URLs that the reference application signs with the variables.
func presign(t *testing.T, variables ...string) (upload, read string) {
	t.Helper()
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("NOT RUN: python3 has no boto3")
	}
	application, err := filepath.Abs("../../../examples/growbin-app")
	require.NoError(t, err)
	python := exec.Command("python3", "-B", "-c", signed)
	python.Env = append(python.Environ(), append(variables, "PYTHONPATH="+application, "AWS_REGION=ap-northeast-2", "AWS_S3_BUCKET=backups", "NO_PROXY=*")...)
	output, err := python.Output()
	require.NoError(t, err)
	upload, read, _ = strings.Cut(strings.TrimSpace(string(output)), "\n")
	return upload, read
}

// A URL serves one upload of the named type and size, or one object. With another key, size or type, or later, S3 refuses it.
func TestS3_URLsOfTheReferenceApplication(t *testing.T) {
	api, instance := account(t)
	keys := api.credentialsOf(instance)
	server := httptest.NewServer(api.S3())
	defer server.Close()
	upload, read := presign(t, "AWS_ENDPOINT_URL_S3="+server.URL, "AWS_ACCESS_KEY_ID="+keys.accessKey, "AWS_SECRET_ACCESS_KEY="+keys.secretKey, "AWS_SESSION_TOKEN="+keys.sessionToken)
	call := func(method, address, contentType, body string) (int, string) {
		request, err := http.NewRequest(method, address, bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		if contentType != "" {
			request.Header.Set("Content-Type", contentType)
		}
		response, err := server.Client().Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(answer)
	}
	status, _ := call(http.MethodPut, upload, "image/jpeg", "photo")
	assert.Equal(t, http.StatusOK, status)
	status, answer := call(http.MethodGet, read, "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "photo", answer)
	for name, refused := range map[string][4]string{
		"larger":       {http.MethodPut, upload, "image/jpeg", "a larger photo"},
		"another type": {http.MethodPut, upload, "text/html", "photo"},
		"another key":  {http.MethodPut, strings.Replace(upload, "one.jpg", "two.jpg", 1), "image/jpeg", "photo"},
		"another use":  {http.MethodGet, upload, "image/jpeg", "photo"},
		"a write":      {http.MethodPut, read, "", "photo"},
		"longer":       {http.MethodGet, strings.Replace(read, "X-Amz-Expires=300", "X-Amz-Expires=3000", 1), "", ""},
	} {
		status, answer := call(refused[0], refused[1], refused[2], refused[3])
		assert.Equal(t, http.StatusForbidden, status, name)
		assert.Contains(t, answer, "<Code>SignatureDoesNotMatch</Code>", name)
	}
	request := httptest.NewRequest(http.MethodGet, read, nil)
	_, err := fromQuery(request, time.Now().Add(299*time.Second-time.Minute))
	require.NoError(t, err)
	_, err = fromQuery(request, time.Now().Add(301*time.Second))
	assert.ErrorContains(t, err, "expired")
}

// A browser follows no redirect of a preflight request, so the URL has the host of the region.
func TestS3_URLsNameTheRegion(t *testing.T) {
	upload, _ := presign(t, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI")
	address, err := url.Parse(upload)
	require.NoError(t, err)
	assert.Equal(t, "backups.s3.ap-northeast-2.amazonaws.com", address.Host)
	assert.Equal(t, "content-length;content-type;host", address.Query().Get("X-Amz-SignedHeaders"))
}
