package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The share of one account among the places that a route has. */
class ClaimCapacityTest {

    @ParameterizedTest
    @CsvSource({"32,0,28", "4,28,0", "8,24,4", "32,5,27", "1,0,1", "1,7,0", "0,0,0", "0,40,0", "4,0,3"})
    void leavesPlacesForOthers(int free, int inFlight, int share) {
        assertThat(ClaimCapacity.share(free, inFlight)).isEqualTo(share);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 32, 1000})
    void neverGivesMoreThanIsFree(int places) {
        for (int free = 0; free <= places; free++) {
            for (int inFlight = 0; inFlight <= places - free; inFlight++) {
                assertThat(ClaimCapacity.share(free, inFlight)).isBetween(0, free);
            }
        }
    }
}
