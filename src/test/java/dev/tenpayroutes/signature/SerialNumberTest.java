package dev.tenpayroutes.signature;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** As openssl prints it, and compared by number. */
class SerialNumberTest {

    @ParameterizedTest
    @CsvSource({"10,0A", "0,00", "255,FF", "256,0100", "-10,-0A", "169552701,0A1B2B3D"})
    void printsTwoDigitsForEachByte(BigInteger number, String printed) {
        assertThat(SerialNumber.of(number)).isEqualTo(printed);
    }

    @ParameterizedTest
    @CsvSource({"0a1b,0A1B", "A1B,0A1B", "000000A1B,0A1B", "00,00", "0,00", "-a,-0A"})
    void normalizesCaseAndLeadingZeros(String given, String printed) {
        assertThat(SerialNumber.normalized(given)).hasValue(printed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "0x0A", "0A:1B", " 0A", "0G", "\u0661", "+A"})
    void refusesWhatIsNoHexNumber(String given) {
        assertThat(SerialNumber.normalized(given)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {81, 100_000})
    void refusesLongerThanAnySerialNumber(int digits) {
        assertThat(SerialNumber.normalized("1".repeat(digits))).isEmpty();
    }
}
