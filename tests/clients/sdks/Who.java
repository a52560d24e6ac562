// The AWS SDK for Java 2, unmodified, with its default chain: whom do the credentials sign for?
// Usage: java -cp JARS Who.java STS_ENDPOINT. Prints one JSON object.
import java.net.URI;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;

public class Who {
    public static void main(String[] words) {
        DefaultCredentialsProvider chain = DefaultCredentialsProvider.create();
        StsClient sts = StsClient.builder()
            .endpointOverride(URI.create(words[0]))
            .region(Region.US_EAST_1)
            .credentialsProvider(chain)
            .build();
        String arn = sts.getCallerIdentity().arn();
        System.out.println("{\"key\": \"" + chain.resolveCredentials().accessKeyId() + "\", \"arn\": \"" + arn + "\"}");
    }
}
