package kubeadm_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/growbin/cluster/components/kubeadm"
)

// Keys of the instance profile that fakeAWS hands out.
const (
	accessKey  = "ASIAFAKE"
	secretKey  = "secret/with+signs="
	sessionKey = "session//token=="
	oldSession = "expired"
	imdsToken  = "imds-token"
	instanceID = "i-0123456789abcdef0"
)

// fakeAWS is IMDS, SSM and a web server with signing keys, on loopback.
type fakeAWS struct {
	*httptest.Server
	mu sync.Mutex
	// slowMetadata and throttled count the metadata and SSM calls that are still to be refused.
	slowMetadata, throttled, missingKeys int
	// signingKeys are served in place of the repositories' own, if set.
	signingKeys []string
	// unregistered is the number of reads before the API server has the node.
	unregistered int
	// oldKeys is how many times metadata still gives out keys that have expired.
	oldKeys int
	// unanswered is the number of reads of a join request before the control plane answers it, badAnswers how many answers are
	// of no use. After these there is none, if silentAfter is set.
	unanswered, badAnswers int
	silentAfter            bool
	// writers are the ARNs that wrote a parameter; fakeAWS does not set them.
	writers map[string]string
	// denied is refused every SSM call when true.
	denied   bool
	bucket   fakeS3
	calls    []string
	values   map[string]string
	kinds    map[string]string
	keys     map[string]string // of SecureStrings
	statuses []string
	problems []string
	// other answers requests before fakeAWS; nil for none. It is set while no script runs.
	other func(http.ResponseWriter, *http.Request) (answered bool)
}

func newFakeAWS(t *testing.T) *fakeAWS {
	fake := &fakeAWS{values: map[string]string{}, writers: map[string]string{}, kinds: map[string]string{}, keys: map[string]string{}, bucket: fakeS3{objects: map[string][]byte{}}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", fake.token)
	mux.HandleFunc("GET /latest/meta-data/", fake.metadata)
	mux.HandleFunc("GET /key/{name}", fake.key)
	mux.HandleFunc("POST /", fake.ssm)
	mux.HandleFunc("GET /api/v1/nodes/{name}", fake.node)
	mux.HandleFunc("GET /"+backupBucket+"/{key...}", fake.s3)
	mux.HandleFunc("PUT /"+backupBucket+"/{key...}", fake.s3)
	fake.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fake.other != nil && fake.other(w, r) {
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		fake.Close()
		for _, problem := range fake.problems {
			t.Error(problem)
		}
	})
	return fake
}

// do runs f with the lock held, to set or read the fake's fields.
func (f *fakeAWS) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeAWS) token(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "token")
	if f.slowMetadata > 0 {
		f.slowMetadata--
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") == "" {
		f.problems = append(f.problems, "a metadata token was asked for without its lifetime")
	}
	fmt.Fprint(w, imdsToken)
}

func (f *fakeAWS) metadata(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != imdsToken {
		http.Error(w, "IMDSv2 only", http.StatusUnauthorized)
		return
	}
	switch strings.TrimPrefix(r.URL.Path, "/latest/meta-data/") {
	case "instance-id":
		fmt.Fprint(w, instanceID)
	case "placement/availability-zone":
		fmt.Fprint(w, "ap-northeast-2c")
	case "local-ipv4":
		fmt.Fprint(w, "10.1.3.7")
	case "iam/security-credentials/":
		fmt.Fprint(w, "node-role")
	case "iam/security-credentials/node-role":
		session := sessionKey
		f.do(func() {
			if f.oldKeys--; f.oldKeys >= 0 {
				session = oldSession
			}
		})
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q}`, accessKey, secretKey, session)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeAWS) key(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missingKeys > 0 {
		f.missingKeys--
		http.Error(w, "mirror is down", http.StatusBadGateway)
		return
	}
	names := []string{r.PathValue("name")}
	if f.signingKeys != nil {
		names = f.signingKeys
	}
	for _, name := range names {
		text, err := os.ReadFile("testdata/key-" + name + ".asc")
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(text)
	}
}

// node stands in for the API server.
func (f *fakeAWS) node(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "node "+r.PathValue("name"))
	if f.unregistered > 0 {
		f.unregistered--
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, "{}")
}

func (f *fakeAWS) ssm(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	f.calls = append(f.calls, action)
	if r.Header.Get("X-Amz-Security-Token") == oldSession {
		refuse(w, "ExpiredTokenException", "The security token included in the request is expired")
		return
	}
	if err := checkSignature(r, "ssm", hash(body)); err != nil {
		f.problems = append(f.problems, err.Error())
	}
	var request struct {
		Name, Path, Type, Value, NextToken string
		KeyId                              string
		Overwrite, WithDecryption          bool
	}
	if err := json.Unmarshal(body, &request); err != nil {
		f.problems = append(f.problems, "SSM request is no JSON: "+err.Error())
	}
	switch {
	case f.denied:
		refuse(w, "AccessDeniedException", "not authorized")
	case f.throttled > 0:
		f.throttled--
		refuse(w, "ThrottlingException", "Rate exceeded")
	case action == "PutParameter" && request.Overwrite && len(request.Value) <= 4096:
		f.values[request.Name], f.kinds[request.Name], f.keys[request.Name] = request.Value, request.Type, request.KeyId
		if strings.Contains(request.Name, "/nodes/") {
			f.statuses = append(f.statuses, request.Value)
		}
		fmt.Fprint(w, `{"Version":2}`)
	case action == "GetParameter" && request.WithDecryption && request.Name == joinParameter:
		answer, _ := json.Marshal(map[string]any{"Parameter": map[string]string{"Value": f.joinAnswer()}})
		_, _ = w.Write(answer)
	case action == "GetParameter" && request.WithDecryption && request.Name == encryptionParameter:
		_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]string{"Value": cmp.Or(f.values[request.Name], kubeadm.PendingValue)}})
	case action == "GetParametersByPath" && request.Path == "/dev/join" && !request.WithDecryption:
		f.page(w, slices.Sorted(maps.Keys(f.values)), request.NextToken)
	case action == "GetParameterHistory" && request.WithDecryption:
		f.history(w, request.Name, request.NextToken)
	default:
		refuse(w, "ValidationException", "unexpected "+action+" of "+request.Name)
	}
}

// joinAnswer is the value of the join parameter: the worker's request, and after some reads the answer to it.
func (f *fakeAWS) joinAnswer() string {
	value := f.values[joinParameter]
	if value == "" {
		return kubeadm.PendingValue
	}
	var request kubeadm.JoinRequest
	if json.Unmarshal([]byte(value), &request) != nil {
		return value // answered
	}
	if f.unanswered > 0 {
		f.unanswered--
		return value
	}
	if request.InstanceID != instanceID {
		f.problems = append(f.problems, "the join request names the instance "+request.InstanceID)
	}
	certificate, err := issue(request.Request)
	if err != nil {
		f.problems = append(f.problems, err.Error())
	}
	purpose := "good"
	if f.badAnswers > 0 {
		if f.badAnswers--; f.badAnswers == 0 && f.silentAfter {
			f.unanswered = math.MaxInt
		}
		purpose = "expired"
	}
	f.values[joinParameter] = "kind: Config\n    client-certificate-data: " + base64.StdEncoding.EncodeToString(certificate) + "\n# " + purpose + "\n"
	return f.values[joinParameter]
}

// issue signs a certificate request with a key of its own.
func issue(request string) ([]byte, error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return nil, errors.New("the join request holds no certificate request")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if want := "CN=system:node:k8s-redis,O=system:nodes"; parsed.Subject.String() != want {
		return nil, fmt.Errorf("the join request is for %s, want %s", parsed.Subject, want)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: parsed.Subject, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, parsed.PublicKey, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

// page answers with one parameter below the join path at a time.
func (f *fakeAWS) page(w http.ResponseWriter, names []string, token string) {
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "/dev/join/") || name <= token })
	answer := map[string]any{"Parameters": []any{}}
	if len(names) > 0 {
		answer["Parameters"] = []any{map[string]any{"Name": names[0], "Value": "(encrypted)", "Version": 2}}
	}
	if len(names) > 1 {
		answer["NextToken"] = names[0]
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// history answers with two pages: the value that Pulumi wrote, and the present one.
func (f *fakeAWS) history(w http.ResponseWriter, name, token string) {
	answer := map[string]any{"Parameters": []any{map[string]any{"Value": "pending", "Version": 1, "LastModifiedUser": "arn:aws:iam::123456789012:user/deployer"}}, "NextToken": "2"}
	if token == "2" {
		answer = map[string]any{"Parameters": []any{map[string]any{"Value": f.values[name], "Version": 2, "LastModifiedUser": f.writers[name]}}}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, kind, message string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":%q,"message":%q}`, kind, message)
}

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=ASIAFAKE/(\d{8})/ap-northeast-2/(ssm|s3)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// checkSignature verifies Signature Version 4 (AWS General Reference, "Create a signed AWS API request").
func checkSignature(r *http.Request, service, payload string) error {
	found := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if found == nil {
		return fmt.Errorf("unexpected Authorization header %q", r.Header.Get("Authorization"))
	}
	if found[2] != service {
		return fmt.Errorf("a request to %s is signed for %s", service, found[2])
	}
	day, signed := found[1], strings.Split(found[3], ";")
	for _, name := range []string{"host", "x-amz-date", "x-amz-security-token"} {
		if !slices.Contains(signed, name) {
			return fmt.Errorf("header %s is not signed", name)
		}
	}
	if r.Header.Get("X-Amz-Security-Token") != sessionKey {
		return fmt.Errorf("session token is %q", r.Header.Get("X-Amz-Security-Token"))
	}
	headers := ""
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers += name + ":" + value + "\n"
	}
	canonical := strings.Join([]string{r.Method, r.URL.Path, r.URL.RawQuery, headers, found[3], payload}, "\n")
	scope := day + "/ap-northeast-2/" + service + "/aws4_request"
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hash([]byte(canonical))}, "\n")
	key := []byte("AWS4" + secretKey)
	for _, part := range append(strings.Split(scope, "/"), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if hex.EncodeToString(key) != found[4] {
		return fmt.Errorf("signature of %s %s %s does not match", r.Method, r.URL, r.Header.Get("X-Amz-Target"))
	}
	return nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
